import { cacheBytes, maxTensorBytes } from "../../blocks/kv-cache/cache.ts";
import { type CacheOptions, cacheCheck } from "../../blocks/kv-cache/cache-options.ts";
import { stateBytes, stateCopies } from "../../blocks/state/cache.ts";
import { openModel } from "../../formats/hub.ts";
import { readEarly } from "../../formats/read-early.ts";
import { type FileSource, withSignal } from "../../formats/source.ts";
import { gpuChecks } from "../../gpu/device/gpu-options.ts";
import type { Limits } from "../../gpu/device/limits.ts";
import { GpuError } from "../../gpu/errors.ts";
import { type WeightType, weightTypes } from "../../kernels/formats/formats.ts";
import { readAnyArchitecture } from "../../models/decoders/architectures.ts";
import { cacheShape, resolveCache, stateShape } from "../../models/decoders/cache.ts";
import { type DecoderConfig, stateRow } from "../../models/decoders/config.ts";
import { type Recipe, recipes } from "../../models/decoders/recipes.ts";
import { checkRequirements } from "../../models/requirements.ts";
import { checkWeights, impliedNames } from "../../models/weights/checkpoint.ts";
import { weightBytes } from "../../models/weights/weight-bytes.ts";
import { mebibytes } from "../../options/bytes.ts";
import { checkOptions, fieldsOf, having, integer, oneOf } from "../../options/checks.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { longestChunk, tokensAhead } from "../session/chunks.ts";
import { contextOf } from "./context.ts";
import { checkTypes, early, earlyReads, filesBytes } from "./early-reads.ts";
import { modelFiles } from "./model-files.ts";
import { quantisationName } from "./quantisation.ts";

/** Options of `planLoad`: those of the load that is planned, and what the device has. */
export interface PlanLoadOptions {
  /** Longest sequence in tokens; default as of `loadModel`. */
  readonly context?: number | undefined;
  /** How sessions keep keys and values; default f32, with room for the whole context. */
  readonly cache?: CacheOptions | undefined;
  /** Element type of matrices on the device; default as stored. */
  readonly dtype?: WeightType | undefined;
  /** A recipe by which matrices are quantised while they are loaded, in place of `dtype`. */
  readonly weights?: Recipe | undefined;
  /** Of the device, in bytes, such as `gpu.limits`; default those that every device of WebGPU has. */
  readonly limits?: Partial<Limits> | undefined;
  /** Total bytes that the device has for everything, if known: WebGPU does not report this. */
  readonly memory?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Limits that every device has (WebGPU, section 3.6.2). */
const minLimits = { binding: 128 << 20, buffer: 256 << 20 };

const bytes = integer(1);
const fields = fieldsOf<PlanLoadOptions>({
  context: integer(1, 2 ** 30),
  cache: cacheCheck,
  dtype: oneOf(...weightTypes),
  weights: oneOf(...recipes),
  limits: gpuChecks.cap,
  memory: bytes,
  signal: having("aborted", "an AbortSignal"),
});

/**
 * What a model needs, before its weights are downloaded: reads `config.json`, `tokenizer_config.json` and the headers
 * of the weights.
 *
 * @param from as `loadModel` takes it.
 * @throws FormatError for files that `loadModel` refuses, as far as they are read.
 */
export async function planLoad(
  from: string | URL | FileSource | Readonly<Record<string, Blob>>,
  options: PlanLoadOptions = {},
): Promise<LoadPlan> {
  checkOptions("planLoad", fields, options);
  checkTypes("planLoad", options);
  const { signal } = options;
  const ended = new AbortController();
  const all = signal ? AbortSignal.any([signal, ended.signal]) : ended.signal;
  try {
    const { "config.json": config = 0, "tokenizer_config.json": tokenizer = 0 } = early.whole;
    const index = early.whole["model.safetensors.index.json"];
    const whole = { "config.json": config, "tokenizer_config.json": tokenizer, "model.safetensors.index.json": index };
    const opened = withSignal(await openModel(from, { signal: all }), all);
    const source = readEarly(opened, earlyReads(opened, whole));
    return await planFrom(source, options);
  } finally {
    ended.abort();
  }
}

async function planFrom(source: FileSource, options: PlanLoadOptions): Promise<LoadPlan> {
  const { memory = Number.POSITIVE_INFINITY } = options;
  const limits = { ...minLimits, ...options.limits };
  const files = await modelFiles(source);
  const { family, config } = await readAnyArchitecture(await files.config(), files.origin);
  const weights = await files.weights(family.transposed ?? false, (has) => impliedNames(family, config, has));
  const checkpoint = checkWeights(weights, family, config, files.origin);
  const tensors = [...weights.tensors.values()];
  const shards = new Set(tensors.map(({ file }) => file));
  const { downloadBytes, cachedBytes } = await filesBytes(source, [
    ...Object.keys(source.gguf ? {} : early.whole),
    ...shards,
  ]);
  const cache = resolveCache(config, options.cache);
  const device = { limits, adapter: { label: "the device" } };
  const context = contextOf(config, options.context);
  const shape = (tokens: number) => cacheShape(config, 1, tokens, cache, tokensAhead(device, config));
  const ofWeights = weightBytes(weights, checkpoint, config, options);
  const temporary = (tokens: number) => temporaries(config, Math.min(tokens, longestChunk(device, config)));
  const states = stateShape(config);
  const cached = (tokens: number) => cacheBytes(shape(tokens)) + (states ? stateCopies * stateBytes(states) : 0);
  const fitting = (tokens: number) =>
    maxTensorBytes(shape(tokens)) <= Math.min(limits.binding, limits.buffer) &&
    ofWeights + temporary(tokens) + cached(tokens) <= memory;
  const why = misfit(() => checkRequirements(device, config, context, 1, cache, tokensAhead(device, config)));
  const temporaryBytes = temporary(context);
  const needed = ofWeights + temporaryBytes + cached(context);
  const tooMuch =
    needed > memory ? `it takes ${mebibytes(needed)}, and the device has ${mebibytes(memory)}` : undefined;
  const problem = why ?? tooMuch;
  return {
    name: source.name,
    architecture: config.architecture,
    parameters: tensors.reduce((sum, tensor) => sum + sizeOf(tensor.shape), 0),
    downloadBytes,
    cachedBytes,
    weightBytes: ofWeights,
    cacheBytes: cached(context),
    temporaryBytes,
    context,
    longestContext: largest(config.context, fitting),
    chat: await files.hasChatTemplate(),
    quantisation: quantisationName(weights, files.quantisation, options),
    fits: problem === undefined,
    ...(problem === undefined ? {} : { why: problem }),
    ...(source.license === undefined ? {} : { license: source.license }),
  };
}

/** The error's message if a check throws. */
function misfit(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof GpuError) return error.message;
    throw error;
  }
}

/** The largest number up to `most` for which `fits`, a monotonic condition, holds; 0 for none. */
function largest(most: number, fits: (value: number) => boolean): number {
  let [good, bad] = [0, most + 1];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (fits(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/**
 * Bytes of the activations of a prefill of `tokens` tokens, and of the logits. Results share buffers once they are no
 * longer read, so the peak is the residual stream with its norm, plus the widest layer's activations.
 */
function temporaries(config: DecoderConfig, tokens: number): number {
  const { width, hidden, heads, kvHeads, headWidth, mixture, latent, state, vocabulary } = config;
  // Queries before and after their rotation, keys, values and the result; with latent attention, also absorbed ones.
  const absorbed = latent ? latent.rank + headWidth - latent.nope : 0;
  const attention = 2 * (heads + kvHeads) * headWidth + 2 * heads * absorbed + heads * (latent?.valueWidth ?? 0);
  const routed = mixture ? mixture.rule.k * (3 * mixture.hidden + width) + 3 * (mixture.shared ?? 0) : 0;
  // What a layer with a state projects, and the same convolved and cut into parts.
  const carried = state ? 3 * stateRow(state, width) : 0;
  return 4 * (tokens * (2 * width + Math.max(attention, 3 * hidden, routed, carried)) + 2 * vocabulary);
}

/** What a model needs, from its configuration and the headers of its weights. Sizes in bytes. */
export interface LoadPlan {
  readonly name: string;
  readonly architecture: string;
  /** The storage of most weights on the device: `f16`, `Q4_K_M`, `AWQ int4, groups of 128`. */
  readonly quantisation: string;
  /** Number of weights. */
  readonly parameters: number;
  /** All files that a load reads. */
  readonly downloadBytes: number;
  /** The part of `downloadBytes` that is already cached. */
  readonly cachedBytes: number;
  /** On the device. */
  readonly weightBytes: number;
  /** Keys and values of one sequence of `context` tokens, and states with the copies to which it can go back. */
  readonly cacheBytes: number;
  /** Activations and logits of the largest program, an estimate. */
  readonly temporaryBytes: number;
  /** Longest sequence in tokens, of a load with the same options. */
  readonly context: number;
  /** The longest context that fits the device; 0 if none does. */
  readonly longestContext: number;
  /** True if the model has a chat template. */
  readonly chat: boolean;
  readonly fits: boolean;
  /** The draft model's own plan, if one was planned. All sizes above include it. */
  readonly draft?: LoadPlan;
  /** Why it does not fit. */
  readonly why?: string;
  /** The licence that the repository states. */
  readonly license?: string;
}
