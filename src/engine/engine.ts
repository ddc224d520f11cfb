import type { CacheOptions } from "../blocks/kv-cache/cache-options.ts";
import type { EmbeddingSettings } from "../encode/embedding.ts";
import type { CachedModel, CacheEstimate } from "../formats/hub/model-cache.ts";
import type { LoadProgress } from "../formats/load-progress.ts";
import type { LoadPlan } from "../generate/load/plan-load.ts";
import type { NextTokenOptions, NextTokenProbabilities } from "../generate/look/next-token.ts";
import type { PromptLookup } from "../generate/speculative/options.ts";
import type { TuneOptions, TuneResult } from "../generate/tuning/options.ts";
import type { AdapterInfo } from "../gpu/device/adapter-info.ts";
import type { Limits } from "../gpu/device/limits.ts";
import type { GpuOptions } from "../gpu/device/open.ts";
import type { WeightType } from "../kernels/formats/formats.ts";
import type { Recipe } from "../models/decoders/recipes.ts";
import type { HeadKind } from "../models/encoders/heads/head.ts";
import type { ModelKind } from "../models/model-kind.ts";
import type { ChatMessage } from "../text/template/chat-template.ts";
import type { EngineDraft, ModelSource } from "./drafts.ts";
import type { EngineGeneration, GenerateRequest } from "./generate-request.ts";
import type { EngineEncoder, EngineEncoderDecoder } from "./methods.ts";
import type { ChatCompletions, Completions, Embeddings, Models } from "./openai/functions.ts";

/** Options of `createEngine` and `createWorkerEngine`. */
export interface EngineOptions {
  /**
   * The device, as `openGpu` takes it.
   * @defaultValue `{}`
   */
  readonly gpu?: GpuOptions;
  /**
   * The address of the hub that model names refer to.
   * @defaultValue `https://huggingface.co`; in Node `HF_ENDPOINT`
   */
  readonly endpoint?: string;
  /**
   * The hub's access token, for private and gated models. It is sent to `endpoint` alone.
   * @defaultValue none; in Node `HF_TOKEN`
   */
  readonly token?: string;
  /**
   * Generations of one model that take turns at once; further ones wait in order.
   * @defaultValue 4
   */
  readonly concurrency?: number;
  /**
   * Generations of one model that may wait; a further one is refused with status 429.
   * @defaultValue 1000
   */
  readonly queue?: number;
  /**
   * Whether downloaded files are kept. In Node those of folders on web servers are not.
   * @defaultValue true
   */
  readonly cache?: boolean;
}

export type { ModelSource };

/** Options of `Engine.load`. */
export interface EngineLoadOptions {
  /** The name for requests; default the source's own name. */
  readonly id?: string;
  /** Longest sequence in tokens. */
  readonly context?: number;
  readonly cache?: CacheOptions;
  /** The type of matrices on the device. */
  readonly dtype?: WeightType;
  /** A recipe by which matrices are quantised while they are loaded, in place of `dtype`. */
  readonly weights?: Recipe;
  /** A chat template in place of the model's. */
  readonly chatTemplate?: string;
  /** False loads weights that contain NaN or infinity; by default an error names the tensor and element. */
  readonly verify?: boolean;
  /** How tokens are proposed unless a request says it: by a draft model, or from repetitions in the text. */
  readonly speculative?: EngineDraft | PromptLookup;
  /**
   * The id of a loaded language model: `from` is then a folder with a LoRA adapter in PEFT's layout, and this loads
   * that model with the adapter under a separate id, which requests have to name. Both share the weights in memory but
   * not the caches. Freeing the model frees it, too. `setAdapters` takes precedence.
   */
  readonly base?: string;
  /** True uses what `tune` stored of the device, for this model and those loaded later. Default false. */
  readonly tuned?: boolean;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly signal?: AbortSignal;
}

/** Options of `Engine.plan`: those of the planned load. A draft model is included. */
export type PlanOptions = Pick<EngineLoadOptions, "context" | "cache" | "dtype" | "weights" | "speculative" | "signal">;

/** A loaded model. */
export interface ModelInfo {
  readonly id: string;
  readonly kind: ModelKind["kind"];
  /** Where it came from. */
  readonly name: string;
  readonly architecture: string;
  readonly context: number;
  /** The model's maximum sequence length, in tokens. */
  readonly longestContext: number;
  readonly vocabulary: number;
  readonly layers: number;
  readonly heads: number;
  /** Experts of a layer, and experts per token, if the model has experts. */
  readonly experts?: { readonly count: number; readonly k: number };
  /** The name of the draft model, if one was loaded with it. */
  readonly draft?: string;
  /** For an adapter: the id of its base model. */
  readonly base?: string;
  /** How an encoder makes vectors; unset for other models, as are its heads and its classifier's labels. */
  readonly embedding?: EmbeddingSettings;
  readonly encoderHeads?: readonly HeadKind[];
  readonly labels?: readonly string[];
  /** Longest source of an encoder-decoder, in tokens; `context` limits the generated text. */
  readonly sourceContext?: number;
  /** True if the model has a chat template. */
  readonly chat: boolean;
  /** Bytes of weights on the device. */
  readonly weightBytes: number;
  /** The storage of most weights there: `f16`, `Q4_K_M`, `AWQ int4, groups of 128`. */
  readonly quantisation: string;
  /** Bytes of weights in the model's files. */
  readonly fileBytes: number;
  /** The defaults of sampling that the model's files set, by the names of `GenerationOptions`. */
  readonly defaults: Readonly<Record<string, number>>;
  /** Stored device measurements used by its load: see `tuned` of `EngineLoadOptions`. */
  readonly tuned: number;
  /** When it was loaded, in seconds since 1970. */
  readonly created: number;
}

/** A request for the attention of one position. */
export interface AttentionRequest {
  readonly model?: string;
  readonly tokens: readonly number[];
  /** Of the query: an index into `tokens`. */
  readonly position: number;
  /** Default: the mean over all. */
  readonly layer?: number;
  /** Default: the mean over all. */
  readonly head?: number;
  /** True also returns the weights of each of these heads, at most 32 MiB of them. */
  readonly perHead?: boolean;
  readonly signal?: AbortSignal;
}

/** How much one position attends to itself and those before it. */
export interface AttentionOfToken {
  readonly layers: number;
  readonly heads: number;
  /** By position, from 0 to the query's; they sum to at most 1. */
  readonly weights: Float32Array;
  /**
   * With `perHead`, the weights of each head, whose mean is `weights`: row-major `[layers, heads, position + 1]`, or
   * only of the requested layer or head.
   */
  readonly perHead?: Float32Array;
}

/** A request for how likely tokens come next. */
export interface ProbabilitiesRequest extends Omit<NextTokenOptions, "signal"> {
  readonly model?: string;
  readonly tokens: readonly number[];
  /** The ids of the tokens that may come next. */
  readonly of: readonly number[];
  readonly signal?: AbortSignal;
}

/** A request for the experts of each token. */
export interface ExpertsRequest {
  readonly model?: string;
  readonly tokens: readonly number[];
  readonly signal?: AbortSignal;
}

/** Options of `Engine.tune`. */
export interface EngineTuneOptions extends Pick<TuneOptions, "budget" | "signal" | "onProgress" | "store"> {
  /** The id of the model whose programs are measured; default the one loaded last, or a standard list without any. */
  readonly model?: string;
}

/** The experts that tokens are routed to in one layer, row-major `[tokens, k]`. */
export interface LayerExperts {
  readonly layer: number;
  readonly experts: Uint32Array;
  readonly weights: Float32Array;
}

/** The experts that tokens are routed to. */
export interface ExpertsOfTokens {
  /** Experts of a layer. */
  readonly count: number;
  /** Experts of a token. */
  readonly k: number;
  readonly layers: readonly LayerExperts[];
}

/** A text or conversation as tokens. */
export interface Tokenized {
  readonly tokens: number[];
  /** The text of each token, special tokens included. */
  readonly texts: string[];
}

/** The cached files. Without a cache, the list is empty. */
export interface EngineStorage {
  list(): Promise<readonly CachedModel[]>;
  delete(id: string): Promise<void>;
  deleteAll(): Promise<void>;
  /** Bytes used, and the limit if known. */
  estimate(): Promise<CacheEstimate>;
  /** Asks the browser not to evict the files; false if it refuses or does not answer. */
  persist(): Promise<boolean>;
}

/** The device of an engine. */
export interface EngineDevice {
  readonly info: AdapterInfo;
  readonly features: readonly string[];
  readonly limits: Limits;
}

/** Events of an engine. */
export type EngineEvent =
  | { readonly type: "device-lost"; readonly message: string }
  | { readonly type: "device-restored" }
  | { readonly type: "warning"; readonly message: string };

/**
 * Language models, encoders and encoder-decoders with one device, in this thread (`createEngine`) or in a worker
 * (`createWorkerEngine`). No value of this interface owns device memory.
 */
export interface Engine {
  /** Loads a model; refuses an id that is in use. */
  load(from: ModelSource, options?: EngineLoadOptions): Promise<ModelInfo>;
  /** What a model needs, before any weights are downloaded. */
  plan(from: ModelSource, options?: PlanOptions): Promise<LoadPlan>;
  /** Stops the model and frees its memory; without an id, all models. */
  unload(id?: string): Promise<void>;
  /** The loaded models. */
  loaded(): Promise<readonly ModelInfo[]>;
  readonly chat: { readonly completions: ChatCompletions };
  readonly completions: Completions;
  readonly embeddings: Embeddings;
  readonly models: Models;
  /** Continues a prompt, tokens or a conversation, token by token. */
  generate(request: GenerateRequest): EngineGeneration;
  /** A text as tokens, with the special tokens that the model adds, or a conversation in the model's chat format. */
  tokenize(content: string | readonly ChatMessage[], options?: { readonly model?: string }): Promise<Tokenized>;
  attention(request: AttentionRequest): Promise<AttentionOfToken>;
  experts(request: ExpertsRequest): Promise<ExpertsOfTokens>;
  /** How likely tokens come next: by the model's own distribution, and as `generate` draws with these options. */
  probabilities(request: ProbabilitiesRequest): Promise<NextTokenProbabilities>;
  /** The methods of a loaded encoder; default the one loaded last. Head methods need a folder with that head. */
  encoder(model?: string): EngineEncoder;
  /** The methods of a loaded encoder-decoder; default the one loaded last. */
  encoderDecoder(model?: string): EngineEncoderDecoder;
  /**
   * Measures which kernels are fastest on this device for a loaded model, as the library's `tune` does, and stores it
   * for `load` with `tuned`. Programs recorded from then on use it too. An abort, or unloading the model, ends the pass
   * without an error and keeps the measurements so far. Other work of the engine disturbs them.
   */
  tune(options?: EngineTuneOptions): Promise<TuneResult>;
  readonly storage: EngineStorage;
  device(): Promise<EngineDevice>;
  /** Calls `listener` for each event, until the returned function is called. */
  onEvent(listener: (event: EngineEvent) => void): () => void;
  /** Ends everything, including the worker if the engine created it. */
  dispose(): Promise<void>;
}
