// Maps the characters of a normalized text to the original. Separate from the normalizer, which does not need it.
import type { NormalizerPart } from "./parts/normalizer.ts";
import type { StepLimit } from "./pattern/step-limit.ts";

/** A text that was made from another: each UTF-16 unit with the range of the original that it comes from. */
interface Aligned {
  readonly text: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** A part of the new text, and the range of the old one that it comes from. */
interface Change {
  readonly content: string;
  readonly begin: number;
  readonly end: number;
}

/** A text unchanged from its original, from the original's `offset` on. */
export function unaligned(text: string, offset: number): Aligned {
  const starts: number[] = [];
  const ends: number[] = [];
  for (const character of text) {
    const start = offset + starts.length;
    for (let i = 0; i < character.length; i++) {
      starts.push(start);
      ends.push(start + character.length);
    }
  }
  return { text, starts, ends };
}

/** The part of an aligned text from `begin` to `end`. */
export function alignedPart({ text, starts, ends }: Aligned, begin: number, end: number): Aligned {
  return { text: text.slice(begin, end), starts: starts.slice(begin, end), ends: ends.slice(begin, end) };
}

function changed(before: Aligned, changes: Iterable<Change>): Aligned {
  let text = "";
  const starts: number[] = [];
  const ends: number[] = [];
  const last = before.ends.at(-1) ?? before.starts[0] ?? 0;
  for (const { content, begin, end } of changes) {
    text += content;
    // Inserted text, such as a space in front, has an empty range.
    const start = before.starts[begin] ?? last;
    const stop = end > begin ? (before.ends[end - 1] ?? last) : start;
    for (let i = 0; i < content.length; i++) {
      starts.push(start);
      ends.push(stop);
    }
  }
  return { text, starts, ends };
}

/** Characters with following marks, and jamo of a syllable: what a normalizer may compose. */
const CLUSTERS = /[\u1100-\u115f\ua960-\ua97c]?[\u1160-\u11a7]?[\u11a8-\u11ff]+|[\s\S]\p{M}*/gu;

/** A composed character maps to its first component, as in the Rust library; characters after it to the last. */
function* composed(after: readonly string[], before: readonly string[], index: number): Generator<Change> {
  const begins = [index];
  for (const character of before) begins.push((begins.at(-1) ?? index) + character.length);
  for (const [i, content] of after.entries()) {
    const from = i === 0 ? 0 : Math.min(before.length - 1, Math.max(0, before.length - after.length + i));
    yield { content, begin: begins[from] ?? index, end: begins[from + 1] ?? index };
  }
}

function* clusterChanges(text: string, run: (text: string) => string): Generator<Change> {
  for (const { 0: cluster, index } of text.matchAll(CLUSTERS)) {
    const whole = run(cluster);
    const characters = [...cluster];
    const each = characters.map(run);
    if (each.join("") !== whole) {
      yield* composed([...whole], characters, index);
      continue;
    }
    let begin = index;
    for (const [i, character] of characters.entries()) {
      yield { content: each[i] ?? "", begin, end: begin + character.length };
      begin += character.length;
    }
  }
}

/** The changes that the new text contains in order; the others were dropped by a rule for the whole text. */
function* presentIn(text: string, changes: Iterable<Change>): Generator<Change> {
  let at = 0;
  for (const change of changes) {
    if (!text.startsWith(change.content, at)) continue;
    yield change;
    at += change.content.length;
  }
}

function replaceChanges(text: string, { pattern, content }: NonNullable<NormalizerPart["replaces"]>, limit: StepLimit) {
  const changes: Change[] = [];
  let from = 0;
  const keep = (end: number) => {
    for (const character of text.slice(from, end)) {
      changes.push({ content: character, begin: from, end: from + character.length });
      from += character.length;
    }
  };
  pattern.each(text, limit, (begin, end) => {
    limit.take(content.length);
    keep(begin);
    // The replacement maps to the last character of the match, as in the Rust library.
    const last = [...text.slice(begin, end)].at(-1) ?? "";
    changes.push({ content, begin: end - last.length, end });
    from = end;
  });
  keep(text.length);
  return changes;
}

function changesOf(text: string, part: NormalizerPart, limit: StepLimit): Iterable<Change> {
  if (part.replaces) return replaceChanges(text, part.replaces, limit);
  const after = part.run(text, limit);
  if (part.type === "Prepend" || part.type === "Strip") {
    const inserted = part.type === "Prepend" ? after.length - text.length : 0;
    const from = part.type === "Strip" ? text.indexOf(after) : 0;
    const kept = [...text.slice(from, from + after.length - inserted)];
    let begin = from;
    const same = kept.map((content) => {
      const end = begin + content.length;
      const change = { content, begin, end };
      begin = end;
      return change;
    });
    // A prepended string maps to the first character, as in the Rust library.
    return [{ content: after.slice(0, inserted), begin: 0, end: same[0]?.end ?? 0 }, ...same];
  }
  return presentIn(
    after,
    clusterChanges(text, (piece) => part.run(piece, limit)),
  );
}

/**
 * Runs the steps of a normalizer and tracks where each character comes from. Steps run on single characters, or a
 * character with its marks; a step that needs more context (the clean-up of white space in `Precompiled`) keeps those
 * of these that remain in the whole result.
 */
export function normalizeAligned(before: Aligned, parts: readonly NormalizerPart[], limit: StepLimit): Aligned {
  let current = before;
  for (const part of parts) {
    limit.field = part.field;
    limit.take(1 + current.text.length);
    current = changed(current, changesOf(current.text, part, limit));
  }
  return current;
}
