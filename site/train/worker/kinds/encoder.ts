import type { FileSource } from "../../../../src/formats/source.ts";
import type { Tensor } from "../../../../src/tensor/tensor.ts";
import { freshFolder } from "../../../../src/train/initialisers/fresh-folder.ts";
import type { LabelBatch } from "../../../../src/train/objectives/label-batch.ts";
import { openTrainableEncoder } from "../../../../src/train/open/encoder.ts";
import { encoderConfig, encoderFilesOf, encoderTokens } from "../../setup/encoder-folders.ts";
import { idsOf } from "../../setup/folder.ts";
import type { Settings } from "../../setup/settings.ts";
import type { Examples } from "../../tasks/task.ts";
import { taskOf } from "../../tasks/tasks.ts";
import type { Attention } from "../history.ts";
import type { Run } from "../running.ts";
import { attentionWeights } from "./attention.ts";
import { type Kind, newFiles } from "./kind.ts";
import { labelLearner } from "./labels.ts";

/** How the tokens around a text are shown. */
const around = ["⟨", "⟩"] as const;

/** The folder of an untrained encoder. */
export const freshEncoder = (settings: Settings, examples: Examples): FileSource =>
  freshFolder(encoderConfig(settings, examples), { seed: settings.seed, files: encoderFilesOf(examples) });

/** The part of an encoder that a parameter belongs to. */
export function encoderPart(name: string): string {
  const layer = /\.layer\.(\d+)\./.exec(name)?.[1];
  if (layer !== undefined) return `layer ${layer}`;
  return name.includes("embeddings.") ? "embeddings" : "head";
}

/** True for values needed for pictures of an encoder's attention. */
export const isTapped = (name: string): boolean => /^layer\.\d+\.attention\.[qk]$/.test(name);

/** The attention of a run's first text. */
export async function encoderAttention(
  run: Run<Tensor>,
  { layers, heads, headWidth }: Settings,
  texts: readonly string[],
): Promise<readonly Omit<Attention, "step">[]> {
  const tokens = [around[0], ...texts, around[1]];
  const weights = await attentionWeights({
    layers,
    heads,
    kvHeads: heads,
    headWidth,
    rows: tokens.length,
    columns: tokens.length,
    causal: false,
    tapped: (layer) =>
      Promise.all([run.tapped(`layer.${layer}.attention.q`), run.tapped(`layer.${layer}.attention.k`)]),
  });
  return [{ of: "encoder", tokens, weights }];
}

/** Makes rows of texts: their tokens between begin and end tokens. */
export function rowsOf(examples: Examples): (texts: readonly string[]) => number[][] {
  const known = idsOf(examples.alphabet);
  const { begin, end } = encoderTokens(examples);
  return (texts) => texts.map((text) => [begin, ...Array.from(text, (one) => known.get(one) ?? 0), end]);
}

/** Encoders that classify a prompt. */
export const encoderKind: Kind<LabelBatch> = async (gpu, { settings, text }) => {
  const examples = taskOf(settings.task).examples(settings.length, text);
  const source = freshEncoder(settings, examples);
  const model = await openTrainableEncoder(gpu, source, { task: "classify", onWarning: () => undefined });
  return {
    ...labelLearner({
      examples,
      model,
      layers: settings.layers,
      heads: settings.heads,
      context: examples.promptLength + 2,
      rowsOf: rowsOf(examples),
      partOf: encoderPart,
      taps: isTapped,
      attention: (run, prompt) => encoderAttention(run, settings, prompt),
    }),
    ...newFiles(model),
  };
};
