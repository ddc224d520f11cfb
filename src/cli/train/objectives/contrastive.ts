import { rowsAt } from "../../../train/data/batches.ts";
import { withHead } from "../../../train/initialisers/task-heads.ts";
import type { ContrastiveBatch } from "../../../train/objectives/contrastive-batch.ts";
import { bytesOfRows, type Example, type Examples, type Line, readExamples, shuffledExamples } from "../examples.ts";
import { trainedSource } from "../source.ts";
import {
  cutNote,
  defaultsWithModel,
  evenBatches,
  exampleSettings,
  openEncoderToTrain,
  readEncoderFiles,
} from "./encoders.ts";
import { type CliObjective, learner } from "./objective.ts";

/** Two texts that belong together. */
interface TextPair {
  readonly a: string;
  readonly b: string;
}

/** The tokens of a pair. */
interface Row {
  readonly a: readonly number[];
  readonly b: readonly number[];
}

const batchOf = (rows: readonly Row[]): ContrastiveBatch => ({
  ids: rows.map(({ a }) => a),
  others: rows.map(({ b }) => b),
});

/** An encoder learns vectors by which texts that belong together are near each other. */
export const contrastive: CliObjective<Examples<TextPair>> = {
  name: "contrastive",
  says: 'vectors by which two texts that belong together are near: {"a", "b"}',
  kinds: ["encoder"],
  takes: exampleSettings,
  defaults: defaultsWithModel,
  check: ({ batch }) => {
    if (batch < 2) throw new Error(`--batch is ${batch}, expected two or more pairs, to distinguish from each other`);
  },
  read: async (settings) => {
    const pairOf = (line: Line): TextPair => ({ a: line.text("a"), b: line.text("b") });
    const examples = await readExamples(settings, '{"a": "…", "b": "…"}', pairOf);
    if (examples.heldOut.length === 1) {
      const flag = settings.val === undefined ? "--held-out" : "--val";
      throw new Error(`${flag}: one pair is held out, expected two or more, to distinguish from each other`);
    }
    return examples;
  },
  source: (given) =>
    trainedSource(
      given,
      () => given.data.training.flatMap(({ value: { a, b } }) => [a, b]),
      (config) => withHead(config, undefined),
    ),
  prepare: async (source, { settings, data, quiet }) => {
    const { batch, accumulate, seed } = settings;
    const { config, tokenizer, context } = await readEncoderFiles(source, settings);
    let cut = 0;
    const idsOf = (text: string) => {
      const { ids, cut: beyond } = tokenizer.encodeInput(text, { maxTokens: context });
      if (beyond[0] > 0) cut++;
      return ids;
    };
    const encode = ({ value: { a, b } }: Example<TextPair>): Row => ({ a: idsOf(a), b: idsOf(b) });
    const [training, heldOut] = [data.training.map(encode), data.heldOut.map(encode)];
    const order = shuffledExamples(training, seed);
    const batches = {
      at: (position: number) => rowsAt(order, position, { batch, accumulate }).map(batchOf),
      heldOut: evenBatches(heldOut, batch).map(batchOf),
    };
    const held = heldOut.length > 0 ? `, ${heldOut.length} held out` : "";
    return {
      notes: [...(quiet ? [] : [`${training.length} pairs of texts${held}`]), ...cutNote(cut, context)],
      training: bytesOfRows(training),
      evaluation: heldOut.length > 0 ? bytesOfRows(heldOut) : undefined,
      model: config,
      perStep: batch * accumulate,
      units: "pairs",
      chance: Math.log(batch),
      open: async (gpu, quiet) => learner(await openEncoderToTrain(gpu, source, "contrastive", quiet), batches),
    };
  },
};
