import type { Gpu } from "../../gpu/gpu.ts";
import { checkCall, optionalTensor, tensorCheck } from "../../kernels/define/arguments.ts";
import { softplus, swiglu } from "../../kernels/elementwise/activation.ts";
import { add, mul } from "../../kernels/elementwise/elementwise.ts";
import { fill } from "../../kernels/elementwise/fill.ts";
import { stateSpace } from "../../kernels/linear-recurrence/state-space.ts";
import { rmsNorm } from "../../kernels/norm/rms-norm.ts";
import { atLeast, boolean, fieldsOf, integer, object, required } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { type Linear, linear, projectionCheck } from "../linear.ts";
import {
  byToken,
  continued,
  convolve,
  cut,
  type Given,
  givenChecks,
  inHeads,
  ofHeads,
  type StateLayerResult,
  size,
} from "./parts.ts";

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
  /**
   * Parts of all heads that are normed each by itself.
   * @defaultValue 1
   */
  readonly normGroups?: number | undefined;
}

const mambaTensors = fieldsOf<Given<Mamba2Weights>>({
  ...givenChecks,
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
});
const mambaFields = fieldsOf<Mamba2Options>({
  heads: size,
  groups: size,
  eps: required(atLeast(0)),
  normBeforeGate: boolean,
  normGroups: integer(1),
});

/** The norm of `groups` parts of the last axis, each by itself. */
function groupNorm(
  gpu: Gpu,
  x: Tensor,
  weight: Tensor,
  { groups, eps }: { readonly groups: number; readonly eps: number },
) {
  if (groups === 1) return rmsNorm(gpu, { x, weight }, { eps }).y;
  const width = weight.size / groups;
  const ones = fill(gpu, [width], 1);
  const { y } = rmsNorm(gpu, { x: reshape(x, [...x.shape.slice(0, -1), groups, width]), weight: ones }, { eps });
  return mul(gpu, { a: reshape(y, x.shape), b: weight }).y;
}

/**
 * A Mamba-2 layer (Dao and Gu 2024) as Mamba-2, Falcon-H1 and Granite 4 have it: x, B and C go through a short
 * convolution with SiLU, then a state space; the result times SiLU of z is normed. x `[b, t, c]` → y `[b, t, c]`, and
 * the state after the last token: recurrence `[b, h, n, p]`.
 *
 * @throws ShapeError for a weight that does not fit; OptionError for invalid options.
 */
export function mamba2(gpu: Gpu, given: Given<Mamba2Weights>, options: Mamba2Options): StateLayerResult {
  checkCall("mamba2", mambaTensors, given, mambaFields, options);
  const { x, weights } = given;
  const { heads, groups, eps, normBeforeGate = false, normGroups = 1 } = options;
  const kept = continued(given);
  const inner = weights.out.weight.shape[1] ?? 0;
  const mixed = weights.convolution.shape[0] ?? 0;
  const [z, into, dt] = cut(gpu, linear(gpu, x, weights.in), [inner, mixed, heads]) as [Tensor, Tensor, Tensor];
  const { convolution: weight, convolutionBias: bias } = weights;
  const convolved = convolve(gpu, given, { x: into, weight, ...(bias ? { bias } : {}) }, { activation: "silu" });
  const shared = (mixed - inner) / 2;
  const [values, written, read] = cut(gpu, convolved.y, [inner, shared, shared]) as [Tensor, Tensor, Tensor];
  const found = stateSpace(
    gpu,
    {
      x: inHeads(values, heads),
      dt: ofHeads(softplus(gpu, { x: add(gpu, { a: dt, b: weights.dtBias }).y }).y),
      a: weights.decay,
      b: inHeads(written, groups),
      c: inHeads(read, groups),
      d: weights.skip,
      ...kept.tensors,
    },
    kept.options,
  );
  const joined = reshape(byToken(gpu, found.y), z.shape);
  const normed = (y: Tensor) => (weights.norm ? groupNorm(gpu, y, weights.norm, { groups: normGroups, eps }) : y);
  const gated = normBeforeGate
    ? swiglu(gpu, { gate: z, up: normed(joined) }).y
    : normed(swiglu(gpu, { gate: z, up: joined }).y);
  return {
    y: linear(gpu, gated, weights.out),
    state: { convolution: convolved.state, recurrence: found.state },
  };
}
