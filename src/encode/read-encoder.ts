import { listed, printed } from "../formats/format-error.ts";
import { refuseGguf } from "../formats/gguf-name.ts";
import { readFields, text } from "../formats/json/fields.ts";
import { readJson } from "../formats/read-text.ts";
import type { FileSource } from "../formats/source.ts";
import { subfolder } from "../formats/subfolder.ts";
import { checkTokens, modelFiles } from "../generate/load/model-files.ts";
import { quantisationName } from "../generate/load/quantisation.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { encode } from "../models/encoders/encoder.ts";
import { readEncoderConfig } from "../models/encoders/families.ts";
import { chooseHeads, withHeads } from "../models/encoders/heads/choose.ts";
import { uploadEncoder } from "../models/encoders/weights.ts";
import { checkWeights } from "../models/weights/checkpoint.ts";
import type { LoadOptions } from "../models/weights/loader.ts";
import { createEncoderTokenizer } from "../text/encoder-tokenizer.ts";
import { Encoder } from "./encoder.ts";
import { readModules, readSentence } from "./modules.ts";
import { checkEmbedding, uploadEmbedding } from "./read-embedding.ts";

/** Options of `loadEncoder`. */
export interface EncoderOptions extends Omit<LoadOptions, "weights"> {
  /** Element type of matrices on the GPU; unset: as stored. Vectors are always f32. */
  readonly dtype?: LoadOptions["dtype"];
}

/**
 * Reads and checks an encoder's files, and uploads its weights: `loadEncoder` for an open source. Throws as it does.
 */
export async function readEncoder(gpu: Gpu, source: FileSource, options: EncoderOptions): Promise<Encoder> {
  refuseGguf(source, "encoders");
  const { onWarning = console.warn, signal } = options;
  const modules = await readModules(source);
  const folder = subfolder(source, modules?.[0]?.path ?? "");
  const files = await modelFiles(folder);
  const raw = await files.config();
  const architecture = readFields(files.origin.file, raw).field("model_type", text);
  const read = architecture === "use-lite" ? undefined : readEncoderConfig(raw);
  const settings = await files.tokenizerConfig();
  const tokenizer = createEncoderTokenizer(await readJson(folder, "tokenizer.json"), settings);
  if (!read) {
    const { readUseLite } = await import("./read-use-lite.ts");
    return new Encoder(source.name, await readUseLite(gpu, folder, files, tokenizer, options));
  }
  const { family, config } = read;
  const sentence = await readSentence(source, modules, architecture);
  checkTokens(files, tokenizer, config.vocabulary);
  const weights = await files.weights(false);
  const chosen = chooseHeads(family, config, read.reader, weights);
  const checkpoint = checkWeights(weights, withHeads(family, chosen.heads), config);
  if (checkpoint.unread.length > 0) onWarning(printed(`${weights.file}: nothing reads ${listed(checkpoint.unread)}`));
  const checked = await checkEmbedding(source, sentence, config, settings["model_max_length"]);
  await folder.prepare?.([...new Set([...weights.tensors.values()].map(({ file }) => file))], { signal });
  const uploaded = await uploadEncoder(gpu, weights, checkpoint, config, { ...options, heads: chosen.heads });
  try {
    const model = { gpu, config, weights: uploaded };
    return new Encoder(source.name, {
      tokenizer,
      stored: { quantisation: quantisationName(weights, undefined, options), fileBytes: weights.bytes },
      model: { ...model, states: (inputs) => encode(model, inputs) },
      heads: { chosen, weights: uploaded.heads },
      embedding: await uploadEmbedding(gpu, checked, options),
      prepare: sentence.lowerCase ? (text) => text.trim().toLowerCase() : (text) => text.trim(),
    });
  } catch (error) {
    uploaded.dispose();
    throw error;
  }
}
