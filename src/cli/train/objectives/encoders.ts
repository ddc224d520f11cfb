// What objectives of encoders have in common.
import { readJson } from "../../../formats/read-text.ts";
import type { FileSource } from "../../../formats/source.ts";
import { checkTokens, modelFiles } from "../../../generate/load/model-files.ts";
import type { Gpu } from "../../../gpu/gpu.ts";
import type { EncoderConfig } from "../../../models/encoders/config.ts";
import { readEncoderConfig } from "../../../models/encoders/families.ts";
import { createEncoderTokenizer, type EncoderTokenizer } from "../../../text/encoder-tokenizer.ts";
import {
  type EncoderBatches,
  type EncoderTask,
  openTrainableEncoder,
  type TrainableEncoder,
} from "../../../train/open/encoder.ts";
import { say } from "../../output.ts";
import { withProgress } from "../../progress.ts";
import type { RunSettings } from "../settings.ts";
import { contextOf } from "./documents.ts";

/** The settings that objectives on examples take of those that only some take. */
export const exampleSettings = [
  "tokenizer",
  "vocabulary",
  "initialiser",
  "context",
  "dropout",
  "attentionDropout",
  "recompute",
] as const satisfies readonly (keyof RunSettings)[];

/** Defaults for going on with a model: a rate of which little is forgotten. */
export const defaultsWithModel = ({ model }: RunSettings): Partial<RunSettings> =>
  model === undefined ? {} : { lr: 1e-4 };

/** The files of an encoder that are read before its weights, and the tokens of its rows. */
interface EncoderFiles {
  readonly config: EncoderConfig;
  readonly tokenizer: EncoderTokenizer;
  readonly context: number;
}

/** Reads the config and the tokenizer of an encoder's folder. */
export async function readEncoderFiles(source: FileSource, settings: RunSettings): Promise<EncoderFiles> {
  const files = await modelFiles(source);
  const { config } = readEncoderConfig(await files.config());
  const tokenizer = createEncoderTokenizer(await readJson(source, "tokenizer.json"), await files.tokenizerConfig());
  checkTokens(files, tokenizer, config.vocabulary);
  return { config, tokenizer, context: contextOf(settings, config.context) };
}

/** Opens an encoder for a task under a progress bar. */
export const openEncoderToTrain = <T extends EncoderTask>(
  gpu: Gpu,
  source: FileSource,
  task: T,
  quiet: boolean,
): Promise<TrainableEncoder<EncoderBatches[T]>> =>
  withProgress("loading ", quiet, (onProgress) =>
    openTrainableEncoder(gpu, source, { task, onProgress, onWarning: (warning) => say(`warning: ${warning}`) }),
  );

/** What people read of texts that are longer than a row. */
export const cutNote = (cut: number, context: number): readonly string[] =>
  cut === 0 ? [] : [`warning: ${cut} ${cut === 1 ? "text is" : "texts are"} cut to ${context} tokens, from --context`];

/** Rows in as few batches as they take, of sizes that differ by one at most: each pair has about as many others. */
export function evenBatches<R>(rows: readonly R[], most: number): readonly (readonly R[])[] {
  const count = Math.ceil(rows.length / most);
  const begin = (at: number) => Math.floor((at * rows.length) / count);
  return Array.from({ length: count }, (_, at) => rows.slice(begin(at), begin(at + 1)));
}
