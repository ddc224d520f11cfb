import { maxTokens } from "../encode/packing.ts";
import { type PlanEncoderOptions, planFields } from "../encode/plan-options.ts";
import { refuseGguf } from "../formats/gguf-name.ts";
import { openModel } from "../formats/hub.ts";
import { type FileSource, withSignal } from "../formats/source.ts";
import { filesBytes } from "../generate/load/early-reads.ts";
import { sourceCheck } from "../generate/load/load-model.ts";
import { modelFiles } from "../generate/load/model-files.ts";
import type { LoadPlan } from "../generate/load/plan-load.ts";
import { quantisationName } from "../generate/load/quantisation.ts";
import { readEncoderDecoderConfig } from "../models/seq2seq/families.ts";
import { weightNames } from "../models/seq2seq/family.ts";
import { tableBytes } from "../models/seq2seq/weights.ts";
import { checkWeights } from "../models/weights/checkpoint.ts";
import { weightBytes } from "../models/weights/weight-bytes.ts";
import { checkOptions, checkValue } from "../options/checks.ts";
import { sizeOf } from "../tensor/shape.ts";
import { contextsOf } from "./contexts.ts";
import { usualTokens } from "./options.ts";

/** Optional files next to the weights that a load reads. */
const describing = [
  ...["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "target_tokenizer.json"],
  ...["source.spm", "target.spm", "vocab.json", "target_vocab.json", "model.safetensors.index.json"],
];

/**
 * What an encoder-decoder needs, before its weights are downloaded: reads its configuration files and the headers of
 * its weights. `cacheBytes` are those of one text of 256 tokens, or of `context` if that is less, and of the decoder's
 * keys and values for a source of as many; temporaries are for sources of 1,024 tokens.
 *
 * @param from as `loadEncoderDecoder` takes it.
 * @throws FormatError for files that `loadEncoderDecoder` refuses, as far as they are read.
 */
export async function planEncoderDecoder(
  from: string | URL | FileSource,
  options: PlanEncoderOptions = {},
): Promise<LoadPlan> {
  checkValue("planEncoderDecoder", "from", sourceCheck, from);
  checkOptions("planEncoderDecoder", planFields, options);
  const { dtype, limits, signal } = options;
  const opened = await openModel(from, { signal });
  const source = signal ? withSignal(opened, signal) : opened;
  refuseGguf(source, "encoder-decoders");
  const files = await modelFiles(source);
  const { family, config } = readEncoderDecoderConfig(await files.config());
  const weights = await files.weights(false);
  const checkpoint = checkWeights(weights, weightNames(family), config);
  const { encoder, decoder, width, vocabulary } = config;
  const { target } = contextsOf(config, limits?.binding ?? 128 << 20);
  const tokens = Math.ceil(Math.min(usualTokens, target) / 64) * 64;
  const hidden = Math.max(encoder.hidden, decoder.hidden);
  const inner = Math.max(encoder.heads * encoder.headWidth, decoder.heads * decoder.headWidth);
  return {
    name: source.name,
    architecture: config.architecture,
    quantisation: quantisationName(weights, undefined, { dtype }),
    parameters: [...weights.tensors.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    ...(await filesBytes(source, new Set([...[...weights.tensors.values()].map(({ file }) => file), ...describing]))),
    weightBytes: weightBytes(weights, checkpoint, config, { dtype }) + tableBytes(config),
    cacheBytes: 4 * 4 * decoder.layers * decoder.heads * decoder.headWidth * tokens,
    temporaryBytes: 4 * maxTokens * (2 * width + Math.max(5 * inner, 3 * hidden)) + 4 * vocabulary,
    context: target,
    longestContext: target,
    chat: await files.hasChatTemplate(),
    fits: true,
    ...(source.license === undefined ? {} : { license: source.license }),
  };
}
