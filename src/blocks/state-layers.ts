// Layers that carry a state from token to token in the place of attention: gated DeltaNet, Mamba-2, short convolutions.
import type { Gpu } from "../gpu/gpu.ts";
import { checkCall, optionalTensor, tensorCheck } from "../kernels/define/arguments.ts";
import { sigmoid, softplus, swiglu } from "../kernels/elementwise/activation.ts";
import { add, mul } from "../kernels/elementwise/elementwise.ts";
import { contiguous } from "../kernels/layout/contiguous.ts";
import { deltaRule } from "../kernels/linear-recurrence/delta-rule.ts";
import { stateSpace } from "../kernels/linear-recurrence/state-space.ts";
import { rmsNorm } from "../kernels/norm/rms-norm.ts";
import { shortConvolution } from "../kernels/short-convolution/short-convolution.ts";
import { atLeast, boolean, fieldsOf, integer, object, required } from "../options/checks.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { reshape, slice, transpose } from "../tensor/views.ts";
import { type Linear, linear, projectionCheck } from "./linear.ts";

/** What a layer carries from token to token. */
export interface LayerState {
  /** The last inputs of its convolution, `[b, width − 1, channels]`. */
  readonly convolution: Tensor;
  /** The state of its recurrence, as the op has it; a layer that only convolves has none. */
  readonly recurrence?: Tensor | undefined;
}

/** The inputs of such a layer. */
interface Given<W> {
  /** `[b, t, c]` */
  readonly x: Tensor;
  readonly weights: W;
  /** Of the tokens before; default zeros. */
  readonly state?: LayerState | undefined;
  /** The sequence of each token, u32 `[b, t]`, as `deltaRule` has it. */
  readonly documents?: Tensor | undefined;
}

/** The result of such a layer, `[b, t, c]`, and the state after the last token. */
export interface StateLayerResult {
  readonly y: Tensor;
  readonly state: LayerState;
}

const stateCheck = object<LayerState>({ convolution: tensorCheck, recurrence: optionalTensor });
const size = required(integer(1));

/** `[b, t, heads · width]` as `[b, heads, t, width]`. */
function inHeads(x: Tensor, heads: number): Tensor {
  const [b = 0, t = 0, all = 0] = x.shape;
  return transpose(reshape(x, [b, t, heads, all / heads]), [0, 2, 1, 3]);
}

/** `[b, t, heads]` as `[b, heads, t]`. */
const ofHeads = (x: Tensor): Tensor => transpose(x, [0, 2, 1]);

/** Back, `[b, heads, t, width]` as `[b, t, heads, width]`, in memory of that order. */
const byToken = (gpu: Gpu, x: Tensor): Tensor => contiguous(gpu, { x: transpose(x, [0, 2, 1, 3]) }).y;

/** Parts of the last axis, in memory of their own. */
function cut(gpu: Gpu, x: Tensor, widths: readonly number[]): Tensor[] {
  let from = 0;
  return widths.map((width) => {
    from += width;
    return contiguous(gpu, { x: slice(x, 2, from - width, from) }).y;
  });
}

/** The weights of a gated DeltaNet, for h heads of queries and keys d wide, and hv heads of values dv wide. */
export interface GatedDeltaNetWeights {
  /** To queries, keys and values, `[2 · h · d + hv · dv, c]`: in this order, head by head. */
  readonly qkv: Linear;
  /** To the gate of the output, `[hv · dv, c]`. */
  readonly z: Linear;
  /** To beta, before its sigmoid, `[hv, c]`. */
  readonly b: Linear;
  /** To the step of time of the decay, before its softplus, `[hv, c]`. */
  readonly a: Linear;
  /** Of the short convolution over queries, keys and values, `[2 · h · d + hv · dv, width]`. */
  readonly convolution: Tensor;
  /** Added to the step of time, `[hv]`. */
  readonly dtBias: Tensor;
  /** −exp(A_log), `[hv]`. */
  readonly decay: Tensor;
  /** Of the norm of each head, `[dv]`. */
  readonly norm: Tensor;
  /** From the heads, `[c, hv · dv]`. */
  readonly out: Linear;
}

/** The heads of a gated DeltaNet. */
export interface GatedDeltaNetOptions {
  /** Heads of queries and keys. */
  readonly heads: number;
  /** Heads of values, of which `heads` is a divisor. */
  readonly valueHeads: number;
  /** Of the norm. */
  readonly eps: number;
}

const deltaNetTensors = fieldsOf<Given<GatedDeltaNetWeights>>({
  x: tensorCheck,
  weights: required(
    object<GatedDeltaNetWeights>({
      qkv: projectionCheck,
      z: projectionCheck,
      b: projectionCheck,
      a: projectionCheck,
      convolution: tensorCheck,
      dtBias: tensorCheck,
      decay: tensorCheck,
      norm: tensorCheck,
      out: projectionCheck,
    }),
  ),
  state: stateCheck,
  documents: optionalTensor,
});
const deltaNetFields = fieldsOf<GatedDeltaNetOptions>({ heads: size, valueHeads: size, eps: required(atLeast(0)) });

/**
 * Gated DeltaNet (Yang, Kautz and Hatamizadeh 2024) as Qwen3-Next and Qwen3.5 have it: queries, keys and values go
 * through a short convolution with SiLU, queries and keys are normalised, and the delta rule with a gate for each head
 * follows; each head is normed, then multiplied by SiLU of z. x `[b, t, c]` → y `[b, t, c]`, and the state after the
 * last token: recurrence `[b, hv, d, dv]`.
 *
 * @throws ShapeError for a weight that does not fit; OptionError for invalid options.
 */
export function gatedDeltaNet(
  gpu: Gpu,
  given: Given<GatedDeltaNetWeights>,
  options: GatedDeltaNetOptions,
): StateLayerResult {
  checkCall("gatedDeltaNet", deltaNetTensors, given, deltaNetFields, options);
  const { x, weights, state, documents } = given;
  const { heads, valueHeads, eps } = options;
  const [b = 0, t = 0] = x.shape;
  const own = documents ? { documents } : {};
  const convolved = shortConvolution(
    gpu,
    {
      x: linear(gpu, x, weights.qkv),
      weight: weights.convolution,
      ...(state ? { state: state.convolution } : {}),
      ...own,
    },
    { activation: "silu" },
  );
  const dv = weights.norm.shape[0] ?? 0;
  const keys = ((weights.convolution.shape[0] ?? 0) - valueHeads * dv) / 2;
  const [q, k, v] = cut(gpu, convolved.y, [keys, keys, valueHeads * dv]) as [Tensor, Tensor, Tensor];
  const steps = softplus(gpu, { x: add(gpu, { a: linear(gpu, x, weights.a), b: weights.dtBias }).y }).y;
  const found = deltaRule(
    gpu,
    {
      q: inHeads(q, heads),
      k: inHeads(k, heads),
      v: inHeads(v, valueHeads),
      beta: ofHeads(sigmoid(gpu, { x: linear(gpu, x, weights.b) }).y),
      g: ofHeads(mul(gpu, { a: steps, b: weights.decay }).y),
      ...(state?.recurrence ? { state: state.recurrence } : {}),
      ...own,
    },
    { normalise: true },
  );
  const normed = rmsNorm(gpu, { x: byToken(gpu, found.out), weight: weights.norm }, { eps }).y;
  const z = linear(gpu, x, weights.z);
  const gated = swiglu(gpu, { gate: z, up: reshape(normed, [b, t, valueHeads * dv]) }).y;
  return {
    y: linear(gpu, gated, weights.out),
    state: { convolution: convolved.state, recurrence: found.state },
  };
}

/** The weights of a Mamba-2 layer, for h heads p wide, and groups of states n wide. */
export interface Mamba2Weights {
  /** To z, x, B, C and dt, in this order: `[2 · h · p + 2 · groups · n + h, c]`. */
  readonly in: Linear;
  /** Of the short convolution over x, B and C, `[h · p + 2 · groups · n, width]`. */
  readonly convolution: Tensor;
  /** `[h · p + 2 · groups · n]` */
  readonly convolutionBias?: Tensor | undefined;
  /** Added to dt before its softplus, `[h]`. */
  readonly dtBias: Tensor;
  /** −exp(A_log), `[h]`. */
  readonly decay: Tensor;
  /** D: what is added of the inputs, `[h]`. */
  readonly skip: Tensor;
  /** Of the norm over all heads, `[h · p]`; default none. */
  readonly norm?: Tensor | undefined;
  /** From the heads, `[c, h · p]`. */
  readonly out: Linear;
}

/** The heads of a Mamba-2 layer. */
export interface Mamba2Options {
  readonly heads: number;
  /** Groups of heads that share B and C. */
  readonly groups: number;
  /** Of the norm. */
  readonly eps: number;
  /**
   * True: the norm comes before the gate.
   * @defaultValue false
   */
  readonly normBeforeGate?: boolean | undefined;
}

const mambaTensors = fieldsOf<Given<Mamba2Weights>>({
  x: tensorCheck,
  weights: required(
    object<Mamba2Weights>({
      in: projectionCheck,
      convolution: tensorCheck,
      convolutionBias: optionalTensor,
      dtBias: tensorCheck,
      decay: tensorCheck,
      skip: tensorCheck,
      norm: optionalTensor,
      out: projectionCheck,
    }),
  ),
  state: stateCheck,
  documents: optionalTensor,
});
const mambaFields = fieldsOf<Mamba2Options>({
  heads: size,
  groups: size,
  eps: required(atLeast(0)),
  normBeforeGate: boolean,
});

/**
 * A Mamba-2 layer (Dao and Gu 2024) as Mamba-2, Falcon-H1 and Granite 4 have it: x, B and C go through a short
 * convolution with SiLU, then a state space; the result times SiLU of z is normed. x `[b, t, c]` → y `[b, t, c]`, and
 * the state after the last token: recurrence `[b, h, n, p]`.
 *
 * @throws ShapeError for a weight that does not fit; OptionError for invalid options.
 */
export function mamba2(gpu: Gpu, given: Given<Mamba2Weights>, options: Mamba2Options): StateLayerResult {
  checkCall("mamba2", mambaTensors, given, mambaFields, options);
  const { x, weights, state, documents } = given;
  const { heads, groups, eps, normBeforeGate = false } = options;
  const own = documents ? { documents } : {};
  const inner = weights.out.weight.shape[1] ?? 0;
  const mixed = weights.convolution.shape[0] ?? 0;
  const [z, into, dt] = cut(gpu, linear(gpu, x, weights.in), [inner, mixed, heads]) as [Tensor, Tensor, Tensor];
  const convolved = shortConvolution(
    gpu,
    {
      x: into,
      weight: weights.convolution,
      ...(weights.convolutionBias ? { bias: weights.convolutionBias } : {}),
      ...(state ? { state: state.convolution } : {}),
      ...own,
    },
    { activation: "silu" },
  );
  const shared = (mixed - inner) / 2;
  const [values, written, read] = cut(gpu, convolved.y, [inner, shared, shared]) as [Tensor, Tensor, Tensor];
  const found = stateSpace(gpu, {
    x: inHeads(values, heads),
    dt: ofHeads(softplus(gpu, { x: add(gpu, { a: dt, b: weights.dtBias }).y }).y),
    a: weights.decay,
    b: inHeads(written, groups),
    c: inHeads(read, groups),
    d: weights.skip,
    ...(state?.recurrence ? { state: state.recurrence } : {}),
    ...own,
  });
  const joined = reshape(byToken(gpu, found.y), z.shape);
  const normed = (y: Tensor) => (weights.norm ? rmsNorm(gpu, { x: y, weight: weights.norm }, { eps }).y : y);
  const gated = normBeforeGate
    ? swiglu(gpu, { gate: z, up: normed(joined) }).y
    : normed(swiglu(gpu, { gate: z, up: joined }).y);
  return {
    y: linear(gpu, gated, weights.out),
    state: { convolution: convolved.state, recurrence: found.state },
  };
}

/** The weights of a gated short convolution. */
export interface GatedConvolutionWeights {
  /** To B, C and x, in this order: `[3 · c, c]`. */
  readonly in: Linear;
  /** `[c, width]` */
  readonly convolution: Tensor;
  /** `[c, c]` */
  readonly out: Linear;
}

const convolutionTensors = fieldsOf<Given<GatedConvolutionWeights>>({
  x: tensorCheck,
  weights: required(
    object<GatedConvolutionWeights>({ in: projectionCheck, convolution: tensorCheck, out: projectionCheck }),
  ),
  state: stateCheck,
  documents: optionalTensor,
});
const none = fieldsOf<Readonly<Record<never, never>>>({});

/**
 * A short convolution between two gates, as LFM2 has it in most layers: `out(C · convolution(B · x))`. x `[b, t, c]` →
 * y `[b, t, c]`, and the state after the last token, which is the convolution's alone.
 *
 * @throws ShapeError for a weight that does not fit.
 */
export function gatedConvolution(gpu: Gpu, given: Given<GatedConvolutionWeights>): StateLayerResult {
  checkCall("gatedConvolution", convolutionTensors, given, none, {});
  const { x, weights, state, documents } = given;
  const c = weights.convolution.shape[0] ?? 0;
  const [b, gate, values] = cut(gpu, linear(gpu, x, weights.in), [c, c, c]) as [Tensor, Tensor, Tensor];
  const convolved = shortConvolution(gpu, {
    x: mul(gpu, { a: b, b: values }).y,
    weight: weights.convolution,
    ...(state ? { state: state.convolution } : {}),
    ...(documents ? { documents } : {}),
  });
  const gated = mul(gpu, { a: gate, b: convolved.y }).y;
  return { y: linear(gpu, gated, weights.out), state: { convolution: convolved.state } };
}
