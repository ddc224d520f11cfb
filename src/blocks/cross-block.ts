import type { Gpu } from "../gpu/gpu.ts";
import { tableAttention } from "../kernels/attention/attention.ts";
import { appendKv } from "../kernels/kv-cache/append.ts";
import type { RaggedLayout } from "../kernels/kv-cache/layouts/ragged.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { reshape, slice, transpose } from "../tensor/views.ts";
import { type AttentionWeights, tapProjections } from "./attention.ts";
import { checkScore, type EncoderScore, encoderAttention } from "./encoder-attention.ts";
import { type FeedForwardWeights, type StackActivation, stackFeed } from "./feed-forward.ts";
import { type LayerCache, visibleCache } from "./kv-cache/cache.ts";
import type { LayerTraining } from "./layer-training.ts";
import { isStep, type Linear, linear, project, type Surroundings } from "./linear.ts";
import { addNorm, type Norm, norm, type Residual, summed } from "./norm.ts";

/** Keys and values `[s, h·d]` of all sources for one layer of the decoder, computed once from the encoder's states. */
export interface CrossKeys {
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** Where earlier tokens are stored, and where this run's begin. */
interface EarlierTokens {
  readonly cache: LayerCache;
  /** Position and number of tokens of each batch row (`lib/step`). */
  readonly step: Tensor;
  /** Maximum number of cached tokens visible in this run; grids are sized for it. */
  readonly visible: number;
}

/** The inputs of a layer of the decoder. */
interface CrossInputs {
  /** Unset: tokens attend over one another, from position 0 on, and nothing is kept (training). */
  readonly earlier?: EarlierTokens | undefined;
  /** A bias by distance that is added to the scores of self-attention (T5); default none. */
  readonly score?: EncoderScore | undefined;
  readonly cross: CrossKeys;
  /**
   * Which batch rows read which source: offsets of the rows' tokens and of the sources' keys, u32 `[sources + 1]` each.
   * Rows of one source, such as its beams, follow one another and share its keys.
   */
  readonly sources: RaggedLayout;
  /**
   * Changes for training: the parts of a layer are self-attention (0), attention over a source (1) and feed-forward
   * (2).
   */
  readonly training?: LayerTraining | undefined;
}

/** Weights of attention over a source: queries come from the decoder, keys and values from the encoder's states. */
export type CrossWeights = Pick<AttentionWeights, "q" | "k" | "v" | "output">;

/** Weights of one layer of the decoder. */
export interface CrossBlockWeights {
  readonly attentionNorm: Norm;
  readonly attention: Pick<AttentionWeights, "q" | "k" | "v" | "qkv" | "output">;
  readonly crossNorm: Norm;
  readonly cross: CrossWeights;
  readonly feedForwardNorm: Norm;
  readonly feedForward: FeedForwardWeights;
}

/** The settings of one layer of the decoder. */
interface CrossBlockShape {
  readonly heads: number;
  readonly headWidth: number;
  readonly activation: StackActivation;
  /** As in `EncoderBlockShape`. */
  readonly norms: "post" | "pre";
  /** Factor of the scores; default `1/√headWidth`. */
  readonly scale?: number | undefined;
}

/** The keys and values of one layer of the decoder, from the encoder's states `[s, c]`. */
export function crossKeys(gpu: Gpu, states: Tensor, { k, v }: CrossWeights): CrossKeys {
  return { keys: linear(gpu, states, k), values: linear(gpu, states, v) };
}

/**
 * One layer of the decoder of an encoder-decoder: causal attention with a cache, attention over a source, then a
 * feed-forward layer (Vaswani et al. 2017, section 3.1), each added to the residual stream `[b, t, c]`. With norms
 * after the additions, it returns a sum without an update.
 */
export function crossBlock(
  gpu: Gpu,
  name: string,
  stream: Residual,
  inputs: CrossInputs,
  weights: CrossBlockWeights,
  shape: CrossBlockShape,
): Residual {
  const { earlier, training } = inputs;
  const { dropout = (x: Tensor) => x } = training ?? {};
  const form = { norms: shape.norms, fused: earlier !== undefined };
  const sublayer = (part: keyof typeof parts, before: Residual, parameters: Norm, compute: Compute): Residual =>
    gpu.within(`${name}.${part}`, () => {
      const after = added(gpu, before, parameters, form, (x, around) =>
        dropout(compute(`${name}.${part}`, x, around), parts[part]),
      );
      if (gpu.isTapped(`${name}.${part}.sum`)) gpu.tap(`${name}.${part}.sum`, summed(gpu, after));
      return after;
    });
  const attended = sublayer("attention", stream, weights.attentionNorm, (at, x, around) =>
    selfAttention(gpu, at, x, inputs, weights.attention, shape, around),
  );
  const crossed = sublayer("cross", attended, weights.crossNorm, (at, x, around) =>
    crossAttention(gpu, at, x, inputs, weights.cross, shape, around),
  );
  return sublayer("feed-forward", crossed, weights.feedForwardNorm, (at, x, around) =>
    stackFeed(gpu, at, x, weights.feedForward, shape.activation, around),
  );
}

/** The numbers of sublayers. */
const parts = { attention: 0, cross: 1, "feed-forward": 2 } as const;

/** Computes a sublayer: the update of the stream, or, with `around`, the new stream. */
type Compute = (name: string, x: Tensor, around?: Surroundings) => Tensor;

/** The stream after a sublayer, with norms before or after it; for few rows fused with them, which has no gradient. */
function added(
  gpu: Gpu,
  stream: Residual,
  parameters: Norm,
  { norms, fused }: { readonly norms: "post" | "pre"; readonly fused: boolean },
  compute: (x: Tensor, around?: Surroundings) => Tensor,
): Residual {
  if (norms === "post") {
    const x = summed(gpu, stream);
    return { sum: addNorm(gpu, { sum: x, update: compute(x) }, parameters).y };
  }
  if (fused && parameters.kind === "rms" && isStep(stream) && !stream.update) {
    return { sum: compute(stream.sum, { norm: parameters, residual: stream.sum }) };
  }
  const { sum, y } = addNorm(gpu, stream, parameters);
  return { sum, update: compute(y) };
}

/** A projection of x, which `around` may norm first. */
const projected = (gpu: Gpu, x: Tensor, weights: Linear, around?: Surroundings): Tensor =>
  around?.norm ? project(gpu, x, weights, { norm: around.norm }) : linear(gpu, x, weights);

/** The output projection of the heads' results, of batch rows or of one row that they share. */
function joined(gpu: Gpu, name: string, out: Tensor, { shape }: Tensor, output: Linear, around?: Surroundings): Tensor {
  const [b = 1, t = 1] = shape;
  const rows = reshape(transpose(out, [0, 2, 1, 3]), [b, t, -1]);
  gpu.tap(`${name}.out`, rows);
  return around ? project(gpu, rows, output, { residual: around.residual }) : linear(gpu, rows, output);
}

/**
 * Causal attention of tokens `x` `[b, t, c]` over those of the cache, in which theirs are stored first, or over
 * themselves.
 */
function selfAttention(
  gpu: Gpu,
  name: string,
  x: Tensor,
  { earlier, score = "none", training }: CrossInputs,
  weights: CrossBlockWeights["attention"],
  { heads, headWidth, scale = 1 / Math.sqrt(headWidth) }: CrossBlockShape,
  around?: Surroundings,
): Tensor {
  checkScore(score);
  const [b = 1, t = 1] = x.shape;
  const split = (all: Tensor, count: number) => reshape(all, [b, t, count, headWidth]);
  let [q, k, v]: Tensor[] = [];
  if (weights.qkv) {
    const all = split(projected(gpu, x, weights.qkv, around), 3 * heads);
    [q, k, v] = [0, 1, 2].map((i) => slice(all, 2, i * heads, (i + 1) * heads));
  } else {
    const input = around?.norm ? norm(gpu, x, around.norm) : x;
    [q, k, v] = [weights.q, weights.k, weights.v].map((one) => split(linear(gpu, input, one), heads));
  }
  const fresh = { q, k, v } as { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor };
  tapProjections(gpu, name, fresh);
  const [queries, ownKeys, ownValues] = [fresh.q, fresh.k, fresh.v].map((one) => transpose(one, [0, 2, 1, 3])) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const options = { mask: "causal", score, scale } as const;
  if (!earlier) {
    const own = { q: queries, k: ownKeys, v: ownValues };
    const { out } = tableAttention(gpu, own, { ...options, lse: true, dropout: training?.weightDropout?.(0) });
    return joined(gpu, name, out, x, weights.output);
  }
  const { cache, step, visible } = earlier;
  const { layout: _, ...stored } = cache;
  appendKv(gpu, { k: fresh.k, v: fresh.v, ...stored, step }, {});
  const { tensors } = visibleCache(cache, visible);
  const { out } = tableAttention(gpu, { q: queries, ...tensors, step }, options);
  return joined(gpu, name, out, x, weights.output, around);
}

/** Attention of tokens `x` `[b, t, c]` over the states of their sources. */
function crossAttention(
  gpu: Gpu,
  name: string,
  x: Tensor,
  { cross, sources, training }: CrossInputs,
  weights: CrossWeights,
  { heads, headWidth, scale = 1 / Math.sqrt(headWidth) }: CrossBlockShape,
  around?: Surroundings,
): Tensor {
  // As one row, which all sources share: a ragged layout says which tokens read which keys.
  const inOneRow = (all: Tensor) => transpose(reshape(all, [1, -1, heads, headWidth]), [0, 2, 1, 3]);
  const q = projected(gpu, x, weights.q, around);
  gpu.tap(`${name}.q`, q);
  const both = { q: inOneRow(q), k: inOneRow(cross.keys), v: inOneRow(cross.values) };
  const trained = training && { dropout: training.weightDropout?.(1) };
  const out = encoderAttention(gpu, both, { layout: sources, training: trained }, scale);
  return joined(gpu, name, out, x, weights.output, around);
}
