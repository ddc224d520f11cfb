import type { Gpu } from "../../gpu/gpu.ts";
import { checkCall, tensorCheck } from "../../kernels/define/arguments.ts";
import { sigmoid, softplus, swiglu } from "../../kernels/elementwise/activation.ts";
import { add, mul } from "../../kernels/elementwise/elementwise.ts";
import { asContiguous, contiguous } from "../../kernels/layout/contiguous.ts";
import { deltaRule } from "../../kernels/linear-recurrence/delta-rule.ts";
import { rmsNorm } from "../../kernels/norm/rms-norm.ts";
import { atLeast, boolean, fieldsOf, object, required } from "../../options/checks.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape, transpose } from "../../tensor/views.ts";
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
  /**
   * True: value head i is that of key head i mod `heads`, as llama.cpp orders the rows of Qwen3.5's weights.
   * @defaultValue false, of key head floor(i · heads / valueHeads)
   */
  readonly tiled?: boolean | undefined;
}

const deltaNetTensors = fieldsOf<Given<GatedDeltaNetWeights>>({
  ...givenChecks,
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
});
const deltaNetFields = fieldsOf<GatedDeltaNetOptions>({
  heads: size,
  valueHeads: size,
  eps: required(atLeast(0)),
  tiled: boolean,
});

/**
 * Value heads `[b, hv, …]` in the order of key heads, as the delta rule reads them: from r times all key heads to each
 * key head r times, or back.
 */
function regrouped(gpu: Gpu, x: Tensor, heads: number, back = false): Tensor {
  const [b = 0, all = 0, ...rest] = x.shape;
  const [from, to] = back ? [heads, all / heads] : [all / heads, heads];
  const flat = reshape(asContiguous(gpu, x), [b, from, to, sizeOf(rest)]);
  return reshape(contiguous(gpu, { x: transpose(flat, [0, 2, 1, 3]) }).y, x.shape);
}

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
  const { x, weights } = given;
  const { heads, valueHeads, eps, tiled } = options;
  const [b = 0, t = 0] = x.shape;
  const grouped = (of: Tensor, back?: boolean) =>
    tiled && heads !== valueHeads ? regrouped(gpu, of, heads, back) : of;
  const kept = continued(given);
  const convolved = convolve(
    gpu,
    given,
    { x: linear(gpu, x, weights.qkv), weight: weights.convolution },
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
      v: grouped(inHeads(v, valueHeads)),
      beta: grouped(ofHeads(sigmoid(gpu, { x: linear(gpu, x, weights.b) }).y)),
      g: grouped(ofHeads(mul(gpu, { a: steps, b: weights.decay }).y)),
      ...kept.tensors,
    },
    { normalise: true, ...kept.options },
  );
  const normed = rmsNorm(gpu, { x: byToken(gpu, grouped(found.out, true)), weight: weights.norm }, { eps }).y;
  const z = linear(gpu, x, weights.z);
  const gated = swiglu(gpu, { gate: z, up: reshape(normed, [b, t, valueHeads * dv]) }).y;
  return {
    y: linear(gpu, gated, weights.out),
    state: { convolution: convolved.state, recurrence: found.state },
  };
}
