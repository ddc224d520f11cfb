import { mostTokens } from "../encode/packing.ts";
import { type PlanEncoderOptions, planFields } from "../encode/plan-options.ts";
import { openModel } from "../formats/hub.ts";
import { refuseGguf } from "../formats/refuse-gguf.ts";
import { type FileSource, withSignal } from "../formats/source.ts";
import { filesBytes } from "../generate/files-bytes.ts";
import { sourceCheck } from "../generate/load-model.ts";
import type { LoadPlan } from "../generate/load-plan.ts";
import { modelFiles } from "../generate/model-files.ts";
import { quantisationName } from "../generate/quantisation.ts";
import { checkWeights } from "../models/checkpoint.ts";
import { readEncoderDecoderConfig } from "../models/seq2seq/families.ts";
import { weightNames } from "../models/seq2seq/family.ts";
import { tableBytes } from "../models/seq2seq/weights.ts";
import { weightBytes } from "../models/weight-bytes.ts";
import { checkOptions, checkValue } from "../options/checks.ts";
import { sizeOf } from "../tensor/shape.ts";
import { contextsOf } from "./contexts.ts";
import { usualTokens } from "./options.ts";

/** The files that may be next to the weights, which a load reads. */
const describing = [
  ...["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "target_tokenizer.json"],
  ...["source.spm", "target.spm", "vocab.json", "target_vocab.json", "model.safetensors.index.json"],
];

/**
 * What an encoder-decoder needs, before its weights are downloaded: it reads the texts that describe it and the heads of its
 * weights. `cacheBytes` are those of one text of 256 tokens, or of `context` if that is less, and of what the decoder reads
 * of a source of as many; temporaries those of sources of 1,024 tokens.
 *
 * @param from as `loadEncoderDecoder` takes it.
 * @throws FormatError for files that `loadEncoderDecoder` refuses, too, as far as they are read.
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
    temporaryBytes: 4 * mostTokens * (2 * width + Math.max(5 * inner, 3 * hidden)) + 4 * vocabulary,
    context: target,
    longestContext: target,
    chat: await files.hasChatTemplate(),
    fits: true,
    ...(source.license === undefined ? {} : { license: source.license }),
  };
}
