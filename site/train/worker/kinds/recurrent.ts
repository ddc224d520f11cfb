import type { PairBatch } from "../../../../src/train/objectives/pair-batch.ts";
import { freshRecurrent, openRecurrent } from "../../../../src/train/open/recurrent.ts";
import { pairFilesOf, recurrentConfig } from "../../setup/pair-folders.ts";
import { taskOf } from "../../tasks/tasks.ts";
import { type Kind, newFiles } from "./kind.ts";
import { pairLearner } from "./pairs.ts";

/** The name of a run's weights of source tokens, `[b, t, s]`. */
const alignment = "alignment";

/** Parts of a model, by module. */
const parts: Readonly<Record<string, string>> = {
  embedding: "embeddings",
  encoder: "encoder",
  decoder: "decoder",
  combine: "attention",
  head: "head",
};

/** Recurrent encoder-decoders, with attention and without. */
export const recurrentKind: Kind<PairBatch> = async (gpu, { settings, text }) => {
  const examples = taskOf(settings.task).examples(settings.length, text);
  const config = recurrentConfig(settings, examples);
  const model = await openRecurrent(gpu, freshRecurrent(config, { seed: settings.seed }));
  const isAttentive = settings.architecture === "gru-attention";
  return {
    ...pairLearner({
      examples,
      model,
      layers: 1,
      heads: 1,
      partOf: (name) => parts[name.split(".")[0] ?? ""] ?? name,
      taps: (name) => name === alignment,
      attention: async (run, { source, said }) => {
        if (!isAttentive) return [];
        // Rows of weights, as long as the longest source, those of the first example first.
        const longest = run.shapeOf(alignment)[2] ?? 0;
        const shares = await run.tapped(alignment);
        const weights = Float32Array.from(
          said.flatMap((_, row) => source.map((_, column) => shares[row * longest + column] ?? 0)),
        );
        return [{ of: "source", tokens: said, columns: source, weights }];
      },
    }),
    recomputes: ["nothing"],
    ...newFiles(model, pairFilesOf(examples)),
  };
};
