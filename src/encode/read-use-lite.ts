import type { FileSource } from "../formats/source.ts";
import { checkTokens, type ModelFiles } from "../generate/load/model-files.ts";
import { quantisationName } from "../generate/load/quantisation.ts";
import type { Gpu } from "../gpu/gpu.ts";
import {
  checkUseLite,
  readUseLiteConfig,
  uploadUseLite,
  useLiteEncoder,
  useLiteStates,
} from "../models/encoders/use-lite.ts";
import type { LoadOptions } from "../models/weights/loader.ts";
import type { EncoderTokenizer } from "../text/encoder-tokenizer.ts";
import { normalizing } from "./embedding.ts";
import type { EncoderParts } from "./encoder.ts";

/**
 * Reads, checks and uploads a Universal Sentence Encoder lite, whose config has no pooling settings: there is only one
 * way.
 */
export async function readUseLite(
  gpu: Gpu,
  source: FileSource,
  files: ModelFiles,
  tokenizer: EncoderTokenizer,
  options: LoadOptions,
): Promise<EncoderParts> {
  const config = readUseLiteConfig(await files.config());
  checkTokens(files, tokenizer, config.vocabulary);
  const weights = await files.weights(false);
  const checkpoint = checkUseLite(weights, config);
  await source.prepare?.([weights.file], { signal: options.signal });
  const model = await uploadUseLite(gpu, weights, checkpoint, config, options);
  const last = normalizing(gpu, config.width);
  return {
    tokenizer,
    stored: { quantisation: quantisationName(weights, undefined, options), fileBytes: weights.bytes },
    model: {
      gpu,
      config: useLiteEncoder(config),
      weights: model,
      states: (inputs) => useLiteStates(model, inputs),
    },
    embedding: {
      settings: {
        pooling: ["mean"],
        includePrompt: true,
        width: config.width,
        normalized: true,
        prompts: {},
        maxTokens: config.context,
      },
      steps: [{ kind: "dense", linear: model.pooler, activation: "Tanh" }, last],
      bytes: last.scale.bytes,
      dispose: () => last.scale.dispose(),
    },
  };
}
