/** What a model needs, from its configuration and the heads of its weights. Sizes in bytes. */
export interface LoadPlan {
  readonly name: string;
  readonly architecture: string;
  /** How most of its weights will be stored on the device: `f16`, `Q4_K_M`, `AWQ int4, groups of 128`. */
  readonly quantisation: string;
  /** Number of weights. */
  readonly parameters: number;
  /** Of all files that a load reads. */
  readonly downloadBytes: number;
  /** Of `downloadBytes`, what is in the cache already. */
  readonly cachedBytes: number;
  /** On the device. */
  readonly weightBytes: number;
  /** Keys and values of one sequence of `context` tokens. */
  readonly cacheBytes: number;
  /** Activations and logits of the largest program, an estimate. */
  readonly temporaryBytes: number;
  /** Longest sequence in tokens, as a load with the same options has it. */
  readonly context: number;
  /** The longest context that fits the device; 0 where none does. */
  readonly longestContext: number;
  /** True where the model has a chat template. */
  readonly chat: boolean;
  readonly fits: boolean;
  /** Of the draft model that it is loaded with, where one was planned: what it needs alone. All sizes above count it. */
  readonly draft?: LoadPlan;
  /** Why it does not fit. */
  readonly why?: string;
  /** The licence that the repository states. */
  readonly license?: string;
}
