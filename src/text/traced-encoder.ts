import { alignedPart, normalizeAligned, unaligned } from "./alignment.ts";
import { type JsonRecord, pipelineSteps } from "./json-field.ts";
import { metaspaceFields } from "./parts/token-decoder.ts";
import type { Vocabulary } from "./parts/vocabulary.ts";
import { locatePieces, modelWriting, type Span, spansOfTokens, type Writing } from "./token-spans.ts";
import type { TokenizerParts } from "./tokenizer-parts.ts";

/** The tokens of a text, each with its range of the text. */
export interface TracedTokens {
  readonly ids: readonly number[];
  readonly spans: readonly Span[];
  /** The number of tokens after each piece: a word of the pre-tokenizer, or an added token. */
  readonly pieceEnds: readonly number[];
}

/** The library's search for added tokens: the parts of `split` concatenate to the text. */
interface Splitter {
  split(text: string): string[];
}

/** The library's added tokens, by their contents in a normalized text. */
interface AddedTokens {
  readonly splitter_unnormalized: Splitter;
  readonly splitter_normalized: Splitter;
  readonly added_tokens_map: ReadonlyMap<
    string,
    { readonly id: number; readonly lstrip: boolean; readonly rstrip: boolean }
  >;
}

function writingOf(tokenizer: JsonRecord, { model }: Vocabulary): Writing {
  const steps = pipelineSteps(tokenizer["pre_tokenizer"], "tokenizer.json: pre_tokenizer", "pretokenizers");
  const metaspace = steps.find(({ type }) => type === "Metaspace");
  return {
    byteLevel: steps.some(({ type }) => type === "ByteLevel"),
    space: metaspace && metaspaceFields(metaspace.step, metaspace.field).replacement,
    ...modelWriting(model),
  };
}

/**
 * Encodes like the tokenizer, with the position of each token in the text: runs the same parts in the same order as the
 * library, tracking positions. Added tokens first, then normalizer, pre-tokenizer and model.
 */
export function tracedEncoder(tokenizer: JsonRecord, vocabulary: Vocabulary, parts: TokenizerParts) {
  const { library, normalizer, preTokenizer, subwords, limit } = parts;
  const { splitter_unnormalized, splitter_normalized, added_tokens_map } = library as unknown as AddedTokens;
  const writing = writingOf(tokenizer, vocabulary);
  const { model } = library;
  const type = vocabulary.model["type"];
  const unknownIsPiece = type === "WordPiece" || type === "WordLevel";
  const unknown = model?.unk_token_id;
  const fuses = model?.fuse_unk === true;

  /** The parts between added tokens, and these tokens, whose ranges include the white space that they strip. */
  function sections(splitter: Splitter, text: string) {
    let at = 0;
    const found = splitter.split(text).map((content) => {
      at += content.length;
      return { content, begin: at - content.length, end: at, added: added_tokens_map.get(content) };
    });
    for (const [i, part] of found.entries()) {
      const { added } = part;
      const before = found[i - 1];
      const after = found[i + 1];
      if (added?.lstrip && before) {
        before.content = before.content.trimEnd();
        before.end = before.begin + before.content.length;
        found[i] = { ...part, begin: before.end };
      }
      if (added?.rstrip && after) {
        after.content = after.content.trimStart();
        after.begin = after.end - after.content.length;
        found[i] = { ...part, ...found[i], end: after.begin };
      }
    }
    return found.filter(({ content }) => content !== "");
  }

  return function encode(text: string): TracedTokens {
    limit.begin(text.length);
    const ids: number[] = [];
    const spans: Span[] = [];
    const pieceEnds: number[] = [];
    const push = (id: number, span: Span) => {
      ids.push(id);
      spans.push(span);
    };
    for (const [section, { content, begin, end, added }] of sections(splitter_unnormalized, text).entries()) {
      if (added) {
        push(added.id, { start: begin, end });
        pieceEnds.push(ids.length);
        continue;
      }
      const whole = normalizeAligned(unaligned(content, begin), normalizer, limit);
      for (const inner of sections(splitter_normalized, whole.text)) {
        const aligned = alignedPart(whole, inner.begin, inner.end);
        const original = ({ start, end }: Span): Span => {
          const from = aligned.starts[start] ?? aligned.ends.at(-1) ?? begin;
          return { start: from, end: end > start ? (aligned.ends[end - 1] ?? from) : from };
        };
        if (inner.added) {
          push(inner.added.id, original({ start: 0, end: aligned.text.length }));
          pieceEnds.push(ids.length);
          continue;
        }
        const pieces = preTokenizer ? preTokenizer([inner.content], section, limit) : [inner.content];
        const units = locatePieces(inner.content, pieces, writing, limit);
        let fused = false;
        limit.field = "tokenizer.json: model";
        for (const [i, piece] of pieces.entries()) {
          const tokens = subwords([piece], limit);
          const ranges = spansOfTokens(piece, units[i] ?? [], tokens, writing, unknownIsPiece).map(original);
          for (const [j, token] of tokens.entries()) {
            const id = vocabulary.idOf.get(token) ?? unknown ?? Number.NaN;
            const span = ranges[j] ?? { start: begin, end: begin };
            const joins = fused && fuses && id === unknown;
            if (joins) spans[spans.length - 1] = { start: spans.at(-1)?.start ?? span.start, end: span.end };
            else push(id, span);
            fused = id === unknown;
          }
          pieceEnds.push(ids.length);
        }
      }
    }
    return { ids, spans, pieceEnds };
  };
}
