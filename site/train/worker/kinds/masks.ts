// Encoders that fill masks: an answer is a text with some tokens masked.
import { maskTokens } from "../../../../src/train/data/mask-tokens.ts";
import type { MaskedBatch } from "../../../../src/train/objectives/masked-batch.ts";
import type { Objective } from "../../../../src/train/objectives/objective.ts";
import { openTrainableEncoder } from "../../../../src/train/open/encoder.ts";
import { encoderTokens } from "../../setup/encoder-folders.ts";
import type { Settings } from "../../setup/settings.ts";
import { below, randomOf } from "../../tasks/random.ts";
import type { Example, Examples } from "../../tasks/task.ts";
import { taskOf } from "../../tasks/tasks.ts";
import type { Sample } from "../history.ts";
import { logitsOf, type Submits, whole } from "../running.ts";
import { encoderAttention, encoderPart, freshEncoder, isTapped, rowsOf } from "./encoder.ts";
import { type Kind, type Looking, newFiles } from "./kind.ts";
import { shownOf } from "./saying.ts";
import { argmax, scoringOf } from "./scoring.ts";

/** The share of tokens that are masked (Devlin et al. 2018). */
const share = 0.15;
/** How a mask is shown. */
const shownMask = "▢";

/** Encoders of masks. */
export const masksKind: Kind<MaskedBatch> = async (gpu, { settings, text }) => {
  const examples = taskOf(settings.task).examples(settings.length, text);
  const { begin, end, mask, vocabulary } = encoderTokens(examples);
  const source = freshEncoder(settings, examples);
  const model = await openTrainableEncoder(gpu, source, { task: "masked", onWarning: () => undefined });
  const rows = rowsOf(examples);
  return {
    examples,
    model,
    layers: settings.layers,
    heads: settings.heads,
    partOf: encoderPart,
    context: examples.answerLength + 2,
    classes: vocabulary,
    batchOf: (given, [seed, step]) => {
      const never = [begin, end];
      return maskTokens(rows(given.map(({ answer }) => answer)), { share, mask, vocabulary, seed, step, never });
    },
    looking: async (heldOut, submits) => lookingAt(model.objective, examples, heldOut, { settings, submits }),
    ...newFiles(model),
  };
};

/** The masked positions of a text in evaluations: always the same, at least one. */
function maskedAt({ answer }: Example, index: number): ReadonlySet<number> {
  const length = [...answer].length;
  const random = randomOf(0x3a5c, index);
  const positions = new Set<number>();
  while (positions.size < Math.max(1, Math.round(share * length))) positions.add(below(random, length));
  return positions;
}

function lookingAt(
  objective: Objective<MaskedBatch>,
  examples: Examples,
  heldOut: readonly Example[],
  { settings, submits }: { readonly settings: Settings; readonly submits: Submits },
): Looking {
  const { readable } = examples;
  const { begin, mask, vocabulary } = encoderTokens(examples);
  const masked = heldOut.map(maskedAt);
  /** All chosen tokens are masked, and only they are targets. */
  const batchOf = (given: readonly Example[]): MaskedBatch => {
    const rows = rowsOf(examples)(given.map(({ answer }) => answer));
    // The first token of a row begins the text.
    const isMasked = (row: number, i: number) => masked[row]?.has(i - 1) ?? false;
    return {
      ids: rows.map((row, r) => row.map((id, i) => (isMasked(r, i) ? mask : id))),
      targets: rows.map((row, r) => row.map((id, i) => (isMasked(r, i) ? id : -100))),
    };
  };
  const shown = shownOf(examples, heldOut);
  const sayable = begin; // the special tokens are the last ones
  const scored = { batch: batchOf(heldOut), rows: heldOut.length, classes: vocabulary, sayable };
  const scoring = scoringOf(objective, { ...scored, by: "targets" }, submits);
  const saying = logitsOf(objective, submits, isTapped);
  const characters = [...examples.alphabet];
  /** A readable text with its masks shown, a word's with the space after it. */
  const shownOfMask = (character: string) => (readable(character).endsWith(" ") ? `${shownMask} ` : shownMask);
  /** For words, without the space after the last one. */
  const ended = (words: string) => (examples.end === undefined ? words : words.trimEnd());
  return {
    score: async () => {
      const { loss, accuracy } = await scoring.score();
      return { loss, accuracy };
    },
    samples: async () => {
      const run = await saying.run(batchOf(shown));
      const values = await run.result(whole);
      let row = 0; // row of the logits: texts are concatenated
      let texts: readonly string[] = [];
      const samples = shown.map(({ answer, ...rest }, r): Sample => {
        const all = [...answer];
        const first = row + 1;
        row += all.length + 2;
        const saidAt = (i: number) => {
          const best = argmax(values, (first + i) * vocabulary, (first + i) * vocabulary + sayable);
          return characters[best] ?? "";
        };
        const isMasked = (i: number) => masked[r]?.has(i) ?? false;
        const read = all.map((character, i) => (isMasked(i) ? shownOfMask(character) : readable(character)));
        if (r === 0) texts = read;
        return {
          ...rest,
          prompt: ended(read.join("")),
          answer: ended(readable(answer)),
          given: ended(readable(all.map((character, i) => (isMasked(i) ? saidAt(i) : character)).join(""))),
        };
      });
      return { samples, attention: await encoderAttention(run, settings, texts) };
    },
    dispose: () => {
      scoring.dispose();
      saying.dispose();
    },
  };
}
