import type { DType } from "../tensor/dtype.ts";
import type { ConfigReader, DecoderConfig } from "./config.ts";

/** Elements that a checkpoint keeps as bytes, in blocks, as a storage format has them. */
export interface PackedBlocks {
  readonly format: DType;
  /**
   * The tensors of the format's other planes, by their names, one byte a block: shaped as that of the blocks, but for its
   * last axis.
   */
  readonly planes: Readonly<Record<string, string>>;
}

/** Where a weight comes from: a tensor of the checkpoint, or rows of one that holds several. */
export interface WeightSource {
  readonly name: string;
  /** Shape in the file. */
  readonly shape: readonly number[];
  /** Stored `[in, out]` (GPT-2's Conv1D), or several such matrices `[n, in, out]`: transposed once on load. */
  readonly transposed?: boolean;
  /** The shape is that of bytes, whose last two axes are the blocks of a row and the bytes of a block. */
  readonly packed?: PackedBlocks;
  /** Rows to take, after transposing; a row goes along the last axis of what has several. */
  readonly rows?: readonly [number, number];
}

/** Where a matrix comes from that the checkpoint keeps in pieces, like the experts of a mixture. */
export interface StackedSource {
  /** What the whole is called. */
  readonly label: string;
  /** One below the other. The rows of a part that is of several tensors alternate: gate 0, up 0, gate 1, up 1, … */
  readonly parts: readonly (readonly WeightSource[])[];
}

/** Names and shapes of a feed-forward layer's weights. */
export interface FeedForwardSources {
  readonly gate?: WeightSource;
  readonly gateBias?: WeightSource;
  readonly up: WeightSource;
  readonly upBias?: WeightSource;
  readonly down: WeightSource;
  readonly downBias?: WeightSource;
}

/** Names and shapes of the weights of a layer of experts: e experts of width f on a model of width c. */
export interface MixtureSources {
  /** `[e, c]` */
  readonly router: WeightSource;
  /** `[e]` */
  readonly routerBias?: WeightSource;
  /** `[e]` */
  readonly selectionBias?: WeightSource;
  /** `[e·2f, c]`, the rows of gate and up alternating. */
  readonly gateUp: StackedSource;
  /** Of `e · 2f` elements, those of gate and up alternating. */
  readonly gateUpBias?: WeightSource;
  /** `[e·c, f]` */
  readonly down: StackedSource;
  /** Of `e · c` elements. */
  readonly downBias?: WeightSource;
  readonly shared?: FeedForwardSources;
  /** What weighs the shared expert's result `[1, c]`. */
  readonly sharedGate?: WeightSource;
}

/** Names and shapes of what attention over latents has besides q, k, v and output. */
export interface LatentSources {
  readonly norm: WeightSource;
  readonly queryDown?: WeightSource;
  readonly queryDownBias?: WeightSource;
  readonly queryNorm?: WeightSource;
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
  /** A score of each head that has no value `[h]`. */
  readonly sinks?: WeightSource;
  readonly latent?: LatentSources;
  readonly feedForwardNorm: WeightSource;
  readonly feedForwardNormBias?: WeightSource;
  readonly feedForward: FeedForwardSources | MixtureSources;
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
  /** Names that the `architectures` of a `config.json` use. */
  readonly architectures: readonly string[];
  readonly read: (config: ConfigReader, architecture: string) => DecoderConfig;
  /** `has` tells which optional tensors a checkpoint holds. */
  readonly outer: (config: DecoderConfig, has: (name: string) => boolean) => OuterSources;
  readonly layer: (config: DecoderConfig, layer: number, has: (name: string) => boolean) => LayerSources;
  /** Values of `quantization_config.quant_method` whose weights it knows. */
  readonly packings?: readonly string[];
}

/** What names of weights begin with; folders saved from the bare model lack the `model.` prefix. */
export const prefixFor = (has: (name: string) => boolean): string => (has("embed_tokens.weight") ? "" : "model.");

/** Sources of the parts of a layer. */
type Inner = FeedForwardSources | MixtureSources | LatentSources;

/** Every tensor of the checkpoint that a part of a model comes from. */
export function sourcesOf(part: OuterSources | LayerSources | Inner): WeightSource[] {
  return Object.values(part).flatMap((entry: WeightSource | StackedSource | Inner) => {
    if ("parts" in entry) return entry.parts.flat();
    return "name" in entry ? [entry] : sourcesOf(entry);
  });
}
