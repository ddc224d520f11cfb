import type { ConfigReader, DecoderConfig } from "./config.ts";

/** Where a weight comes from: a tensor of the checkpoint, or rows of one that holds several. */
export interface WeightSource {
  readonly name: string;
  /** Shape in the file. */
  readonly shape: readonly number[];
  /** Stored `[in, out]` (GPT-2's Conv1D): transposed once on load. */
  readonly transposed?: boolean;
  /** Rows to take, after transposing. */
  readonly rows?: readonly [number, number];
}

/** Names and shapes of one layer's weights; a missing entry is a weight that the family does not have. */
export interface LayerSources {
  readonly attentionNorm: WeightSource;
  readonly attentionNormBias?: WeightSource;
  readonly q: WeightSource;
  readonly qBias?: WeightSource;
  readonly k: WeightSource;
  readonly kBias?: WeightSource;
  readonly v: WeightSource;
  readonly vBias?: WeightSource;
  readonly output: WeightSource;
  readonly outputBias?: WeightSource;
  readonly qNorm?: WeightSource;
  readonly kNorm?: WeightSource;
  readonly feedForwardNorm: WeightSource;
  readonly feedForwardNormBias?: WeightSource;
  readonly gate?: WeightSource;
  readonly gateBias?: WeightSource;
  readonly up: WeightSource;
  readonly upBias?: WeightSource;
  readonly down: WeightSource;
  readonly downBias?: WeightSource;
}

/** Names and shapes of the weights outside the layers. */
export interface OuterSources {
  readonly embedding: WeightSource;
  readonly positions?: WeightSource;
  readonly norm: WeightSource;
  readonly normBias?: WeightSource;
  readonly head?: WeightSource;
}

/** An architecture family: how its config reads and what its weights are called. */
export interface Family {
  readonly read: (config: ConfigReader, architecture: string) => DecoderConfig;
  /** `has` tells which optional tensors a checkpoint holds. */
  readonly outer: (config: DecoderConfig, has: (name: string) => boolean) => OuterSources;
  readonly layer: (config: DecoderConfig, layer: number, has: (name: string) => boolean) => LayerSources;
}
