import { listed, printed } from "../formats/format-error.ts";
import { refuseGguf } from "../formats/gguf-name.ts";
import type { FileSource } from "../formats/source.ts";
import { checkTokens, modelFiles } from "../generate/load/model-files.ts";
import { quantisationName } from "../generate/load/quantisation.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { readEncoderDecoderConfig } from "../models/seq2seq/families.ts";
import { weightNames } from "../models/seq2seq/family.ts";
import { uploadEncoderDecoder } from "../models/seq2seq/weights.ts";
import { checkWeights } from "../models/weights/checkpoint.ts";
import type { LoadOptions } from "../models/weights/loader.ts";
import { loadChatTemplate, parseChatTemplate } from "../text/template/chat-template.ts";
import { readSequenceDefaults } from "./defaults.ts";
import { EncoderDecoder } from "./encoder-decoder.ts";
import { readTokenizers } from "./tokenizers.ts";

/** Options of `loadEncoderDecoder`. */
export interface EncoderDecoderOptions extends Omit<LoadOptions, "weights"> {
  /** Element type of matrices on the GPU; unset: as stored. Vectors are always f32. */
  readonly dtype?: LoadOptions["dtype"];
  /** The text of a chat template in Jinja, in place of the folder's own; few encoder-decoders have one. */
  readonly chatTemplate?: string | undefined;
}

/** The parts of a folder read before its weights are uploaded. */
type FolderOptions = Pick<EncoderDecoderOptions, "chatTemplate" | "onWarning">;

/**
 * An encoder-decoder's files, read and compared with one another, except the values of its weights. Throws as
 * `loadEncoderDecoder` does.
 */
export async function readSequenceFolder(source: FileSource, options: FolderOptions) {
  refuseGguf(source, "encoder-decoders");
  const { onWarning = console.warn } = options;
  const warn = (warning: string) => onWarning(printed(warning));
  const files = await modelFiles(source);
  const raw = await files.config();
  const { family, config } = readEncoderDecoderConfig(raw);
  const tokenizers = await readTokenizers(files, source, config);
  checkTokens(files, tokenizers.source, config.sourceVocabulary);
  checkTokens(files, tokenizers.target, config.vocabulary);
  const generation = await files.generation();
  const defaults = readSequenceDefaults(config, { config: raw, generation }, tokenizers.target, warn);
  const tokenizerConfig = await files.tokenizerConfig();
  const { chatTemplate: given } = options;
  const chatTemplate = await (given === undefined
    ? loadChatTemplate({ tokenizerConfig, chatTemplateJinja: await files.chatTemplate() })
    : parseChatTemplate({ tokenizerConfig, chatTemplateJinja: given }));
  const weights = await files.weights(false);
  const checkpoint = checkWeights(weights, weightNames(family), config);
  if (checkpoint.unread.length > 0) warn(`${weights.file}: nothing reads ${listed(checkpoint.unread)}`);
  return { config, tokenizers, defaults, chatTemplate, weights, checkpoint };
}

/**
 * Reads and checks the files of an encoder-decoder, and uploads its weights: `loadEncoderDecoder` for an open source.
 * Throws as it does.
 */
export async function readEncoderDecoder(
  gpu: Gpu,
  source: FileSource,
  options: EncoderDecoderOptions,
): Promise<EncoderDecoder> {
  const { signal } = options;
  const { config, tokenizers, defaults, chatTemplate, weights, checkpoint } = await readSequenceFolder(source, options);
  await source.prepare?.([...new Set([...weights.tensors.values()].map(({ file }) => file))], { signal });
  const uploaded = await uploadEncoderDecoder(gpu, weights, checkpoint, config, options);
  const stored = { quantisation: quantisationName(weights, undefined, options), fileBytes: weights.bytes };
  const model = { gpu, config, weights: uploaded };
  return new EncoderDecoder(source.name, { model, tokenizers, defaults, stored, chatTemplate });
}
