// Checks of an engine's options before they are sent as messages: names, and what sending needs. The code that
// computes the answers checks the rest.
import type { CacheOptions } from "../blocks/kv-cache/cache-options.ts";
import { speculativeChecks } from "../generate/speculative/options.ts";
import { gpuChecks } from "../gpu/device/gpu-options.ts";
import {
  anything,
  boolean,
  type Check,
  callback,
  either,
  fieldsOf,
  having,
  integer,
  listOf,
  object,
  positive,
  recordOf,
  required,
  size,
  text,
} from "../options/checks.ts";
import type {
  AttentionRequest,
  EngineLoadOptions,
  EngineOptions,
  EngineTuneOptions,
  ExpertsRequest,
  PlanOptions,
  ProbabilitiesRequest,
} from "./engine.ts";
import type { GenerateRequest } from "./generate-request.ts";

const signal = having("aborted", "an AbortSignal");
const blob: Check = (value) => (value instanceof Blob ? undefined : "a Blob");
const tokens = listOf(size);

/** A path, an address or a name, or files by their names. */
export const modelSource: Check = either(text, recordOf(blob));

const memory = {
  context: integer(1, 2 ** 30),
  cache: object<CacheOptions>({ dtype: text, layout: text, rotate: boolean }),
  dtype: text,
  weights: text,
  speculative: speculativeChecks({ from: required(modelSource), dtype: text, weights: text }),
  signal,
};

export const loadFields = fieldsOf<EngineLoadOptions>({
  ...memory,
  id: text,
  chatTemplate: text,
  verify: boolean,
  tuned: boolean,
  base: text,
  onProgress: callback,
});

export const planFields = fieldsOf<PlanOptions>(memory);

/** Checked with the model's defaults, once the model is known. */
const sampling = {
  temperature: anything,
  topK: anything,
  topP: anything,
  minP: anything,
  repetitionPenalty: anything,
  presencePenalty: anything,
  frequencyPenalty: anything,
  logitBias: anything,
};

export const generateFields = fieldsOf<GenerateRequest>({
  model: text,
  prompt: text,
  tokens,
  messages: listOf(having("role", "an object with role")),
  seed: integer(0, 2 ** 32 - 1),
  responseFormat: having("type", "an object with type"),
  signal,
  ...sampling,
  maxTokens: anything,
  logprobs: anything,
  guard: anything,
  ignoreEos: anything,
  beams: anything,
  lengthPenalty: anything,
  earlyStopping: anything,
  noRepeatNgram: anything,
  stop: either(text, listOf(text)),
  speculative: speculativeChecks({}, "none"),
});

export const tokenizeFields = fieldsOf<{ readonly model?: string }>({ model: text });

export const attentionFields = fieldsOf<AttentionRequest>({
  model: text,
  tokens: required(tokens),
  position: required(size),
  layer: size,
  head: size,
  perHead: boolean,
  signal,
});

export const probabilitiesFields = fieldsOf<ProbabilitiesRequest>({
  ...sampling,
  model: text,
  tokens: required(tokens),
  of: required(tokens),
  generated: size,
  signal,
});

export const expertsFields = fieldsOf<ExpertsRequest>({ model: text, tokens: required(tokens), signal });

export const tuneFields = fieldsOf<EngineTuneOptions>({
  model: text,
  budget: positive,
  store: boolean,
  onProgress: callback,
  signal,
});

/** Options of an engine. */
export const engineFields = fieldsOf<EngineOptions>({
  gpu: object(gpuChecks),
  endpoint: text,
  token: text,
  concurrency: integer(1, 64),
  queue: integer(0, 2 ** 24),
  cache: boolean,
});
