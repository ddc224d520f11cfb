import { FormatError, listed, printed } from "../formats/format-error.ts";
import { readJson } from "../formats/read-text.ts";
import type { FileSource } from "../formats/source.ts";
import { checkTokens, modelFiles } from "../generate/model-files.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { checkWeights } from "../models/checkpoint.ts";
import { readEncoderConfig } from "../models/encoders/families.ts";
import { uploadEncoder } from "../models/encoders/weights.ts";
import type { LoadOptions } from "../models/loader.ts";
import { createEncoderTokenizer } from "../text/encoder-tokenizer.ts";
import { Encoder } from "./encoder.ts";

/** Options of `loadEncoder`. */
export interface EncoderOptions extends Omit<LoadOptions, "weights"> {
  /** Element type of matrices on the GPU; unset: as stored. Vectors are always f32. */
  readonly dtype?: LoadOptions["dtype"];
}

/** Reads and checks an encoder's files, and uploads its weights: all that `loadEncoder` does with a source. Throws as it does. */
export async function readEncoder(gpu: Gpu, source: FileSource, options: EncoderOptions): Promise<Encoder> {
  if (source.gguf !== undefined) {
    throw new FormatError(source.gguf, "is a GGUF file, expected a folder: encoders in GGUF files are not supported");
  }
  const { onWarning = console.warn, signal } = options;
  const files = await modelFiles(source);
  const { family, config } = readEncoderConfig(await files.config());
  const tokenizer = createEncoderTokenizer(await readJson(source, "tokenizer.json"), await files.tokenizerConfig());
  checkTokens(files, tokenizer, config.vocabulary);
  const weights = await files.weights(false);
  const checkpoint = checkWeights(weights, family, config);
  if (checkpoint.unread.length > 0) onWarning(printed(`${weights.file}: nothing reads ${listed(checkpoint.unread)}`));
  await source.prepare?.([...new Set([...weights.tensors.values()].map(({ file }) => file))], { signal });
  const uploaded = await uploadEncoder(gpu, weights, checkpoint, config, options);
  return new Encoder(source.name, { gpu, config, weights: uploaded }, tokenizer);
}
