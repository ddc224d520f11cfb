import { refuseGguf } from "../formats/gguf-name.ts";
import { openModel } from "../formats/hub.ts";
import { readFields, text } from "../formats/json/fields.ts";
import { dtypeOf } from "../formats/safetensors/safetensors.ts";
import { type FileSource, withSignal } from "../formats/source.ts";
import { subfolder } from "../formats/subfolder.ts";
import { filesBytes } from "../generate/load/early-reads.ts";
import { sourceCheck } from "../generate/load/load-model.ts";
import { type ModelFiles, modelFiles } from "../generate/load/model-files.ts";
import type { LoadPlan } from "../generate/load/plan-load.ts";
import { quantisationName } from "../generate/load/quantisation.ts";
import type { WeightType } from "../kernels/formats/formats.ts";
import type { EncoderConfig } from "../models/encoders/config.ts";
import { readEncoderConfig } from "../models/encoders/families.ts";
import { chooseHeads, withHeads } from "../models/encoders/heads/choose.ts";
import { checkUseLite, readUseLiteConfig, useLiteEncoder } from "../models/encoders/use-lite.ts";
import { checkWeights } from "../models/weights/checkpoint.ts";
import { weightBytes } from "../models/weights/weight-bytes.ts";
import { checkOptions, checkValue } from "../options/checks.ts";
import { bytesOf } from "../tensor/formats/formats.ts";
import { sizeOf } from "../tensor/shape.ts";
import { readModules, readSentence } from "./modules.ts";
import { maxTokens } from "./packing.ts";
import { type PlanEncoderOptions, planFields } from "./plan-options.ts";
import { checkEmbedding } from "./read-embedding.ts";

/** Sizes of an encoder's weights and texts. */
interface Sizes {
  readonly config: EncoderConfig;
  readonly weights: number;
  /** Maximum tokens of a text. */
  readonly context: number;
  /** Weight files other than the model's own, from the root of the source. */
  readonly others: readonly string[];
}

/**
 * What an encoder needs, before its weights are downloaded: reads its configuration files and the headers of its
 * weights. There is no cache; temporaries are those of a pack of texts.
 *
 * @param from as `loadEncoder` takes it.
 * @throws FormatError for files that `loadEncoder` refuses, as far as they are read.
 */
export async function planEncoder(
  from: string | URL | FileSource,
  options: PlanEncoderOptions = {},
): Promise<LoadPlan> {
  checkValue("planEncoder", "from", sourceCheck, from);
  checkOptions("planEncoder", planFields, options);
  const { dtype, limits, signal } = options;
  const opened = await openModel(from, { signal });
  const source = signal ? withSignal(opened, signal) : opened;
  refuseGguf(source, "encoders");
  const modules = await readModules(source);
  const at = modules?.[0]?.path ?? "";
  const files = await modelFiles(subfolder(source, at));
  const architecture = readFields(files.origin.file, await files.config()).field("model_type", text);
  const weights = await files.weights(false);
  const sizes = await (architecture === "use-lite" ? sizesOfUseLite(files, dtype) : sizesOf(source, files, dtype));
  const { config, context, others } = sizes;
  const { width, hidden } = config;
  const own = [...new Set([...weights.tensors.values()].map(({ file }) => file)), ...describing];
  const paths = own.map((file) => (at === "" ? file : `${at}/${file}`));
  // A pack's tensors each fit a binding.
  const longest = Math.floor((limits?.binding ?? 128 << 20) / (4 * Math.max(3 * width, hidden)));
  return {
    name: source.name,
    architecture,
    quantisation: quantisationName(weights, undefined, { dtype }),
    parameters: [...weights.tensors.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    ...(await filesBytes(source, [...paths, "modules.json", ...others])),
    weightBytes: sizes.weights,
    cacheBytes: 0,
    temporaryBytes: 4 * Math.max(maxTokens, context) * (2 * width + Math.max(5 * width, 3 * hidden)),
    context: Math.min(context, longest),
    longestContext: Math.min(config.context, longest),
    chat: false,
    fits: true,
    ...(source.license === undefined ? {} : { license: source.license }),
  };
}

/** The files that describe an encoder, next to its weights. */
const describing = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors.index.json"];

async function sizesOf(source: FileSource, files: ModelFiles, dtype: WeightType | undefined): Promise<Sizes> {
  const { family, config, reader } = readEncoderConfig(await files.config());
  const modules = await readModules(source);
  const sentence = await readSentence(source, modules, config.architecture);
  const weights = await files.weights(false);
  const { heads } = chooseHeads(family, config, reader, weights);
  const checkpoint = checkWeights(weights, withHeads(family, heads), config);
  const { model_max_length: most } = await files.tokenizerConfig();
  const { settings, steps } = await checkEmbedding(source, sentence, config, most);
  let bytes = weightBytes(weights, checkpoint, config, { dtype }) + tableBytes(config);
  const others: string[] = [];
  for (const step of steps) {
    if (step.kind === "normalize") bytes += 4 * step.width;
    else {
      const { inputs, outputs, bias, path } = step;
      const stored = step.weights.get("linear.weight");
      bytes += bytesOf(dtype ?? dtypeOf(stored), [outputs, inputs]) + (bias ? 4 * outputs : 0);
      others.push(...[stored.file, "config.json"].map((file) => `${path}/${file}`));
    }
  }
  return { config, weights: bytes, context: settings.maxTokens, others };
}

/** Bytes of the tables computed from the config. */
function tableBytes({ positions, context, heads, relativeBias }: EncoderConfig): number {
  const rotations = positions.kind === "rotary" ? [positions.all, ...(positions.local ? [positions.local] : [])] : [];
  const rotary = rotations.reduce((sum, { width }) => sum + 4 * context * width, 0);
  return rotary + (relativeBias ? 4 * heads * (2 * relativeBias.farthest + 1) : 0);
}

async function sizesOfUseLite(files: ModelFiles, dtype: WeightType | undefined): Promise<Sizes> {
  const config = readUseLiteConfig(await files.config());
  const weights = await files.weights(false);
  const checkpoint = checkUseLite(weights, config);
  const encoder = useLiteEncoder(config);
  const bytes = weightBytes(weights, checkpoint, encoder, { dtype }) + 4 * config.width; // plus the scale of lengths
  return { config: encoder, weights: bytes, context: config.context, others: [] };
}
