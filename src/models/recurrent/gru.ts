import type { Gpu } from "../../gpu/gpu.ts";
import { sigmoid, tanh } from "../../kernels/elementwise/activation.ts";
import { add, mul, sub } from "../../kernels/elementwise/elementwise.ts";
import { fill } from "../../kernels/elementwise/fill.ts";
import { concat } from "../../kernels/layout/concat.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape, slice } from "../../tensor/views.ts";
import type { NamedWeights } from "../weights/named-weights.ts";

/** The weights of a gated recurrent unit, the rows of each in the order r, z, n. */
export interface Gru {
  /** For inputs, W `[3h, e]` and `[3h]`. */
  readonly inputs: { readonly weight: Tensor; readonly bias: Tensor };
  /** For the state, U `[3h, h]` and `[3h]`. */
  readonly state: { readonly weight: Tensor; readonly bias: Tensor };
}

/** The unit with these names in a PyTorch checkpoint, such as `encoder.weight_ih_l0_reverse`. */
export const gruOf = ({ of }: NamedWeights, prefix: string, suffix = ""): Gru => ({
  inputs: { weight: of(`${prefix}weight_ih_l0${suffix}`), bias: of(`${prefix}bias_ih_l0${suffix}`) },
  state: { weight: of(`${prefix}weight_hh_l0${suffix}`), bias: of(`${prefix}bias_hh_l0${suffix}`) },
});

/**
 * The next state of a gated recurrent unit (Cho et al. 2014) as PyTorch and cuDNN compute it, with the reset after the
 * product: `r, z = σ(a + m)`, `n = tanh(a_n + r · m_n)` and `h′ = n + z · (h − n)`, where `m = h · Uᵀ + bias`. a, the
 * inputs' part, `[b, 3h]`, state h `[b, h]` → `[b, h]`.
 */
export function gruStep(gpu: Gpu, a: Tensor, h: Tensor, { state }: Gru): Tensor {
  const width = h.shape[1] ?? 0;
  const m = matmul(gpu, { x: h, ...state }).y;
  const [ofGates, ofNew] = [
    [0, 2 * width],
    [2 * width, 3 * width],
  ] as const;
  const gates = sigmoid(gpu, { x: add(gpu, { a: slice(a, 1, ...ofGates), b: slice(m, 1, ...ofGates) }).y }).y;
  const [r, z] = [slice(gates, 1, 0, width), slice(gates, 1, width, 2 * width)];
  const reset = mul(gpu, { a: r, b: slice(m, 1, ...ofNew) }).y;
  const n = tanh(gpu, { x: add(gpu, { a: slice(a, 1, ...ofNew), b: reset }).y }).y;
  const kept = mul(gpu, { a: z, b: sub(gpu, { a: h, b: n }).y }).y;
  return add(gpu, { a: n, b: kept }).y;
}

/** The inputs' part of all gates, `[..., 3h]`, from x `[..., e]`: one product for all positions. */
export const gruInputs = (gpu: Gpu, x: Tensor, { inputs }: Gru): Tensor => matmul(gpu, { x, ...inputs }).y;

/**
 * The states after each position: x `[t, b, e]`, the state before the first `[b, h]` (default zeros) → `[t, b, h]`. The
 * inputs' part is one product; the products with the states are sequential.
 */
export function gru(gpu: Gpu, x: Tensor, weights: Gru, start?: Tensor): Tensor {
  const [t = 0, b = 0] = x.shape;
  const gates = weights.state.weight.shape[0] ?? 0;
  const width = gates / 3;
  const given = gruInputs(gpu, x, weights);
  let h = start ?? fill(gpu, [b, width], 0);
  const states = Array.from({ length: t }, (_, i) => {
    h = gruStep(gpu, reshape(slice(given, 0, i, i + 1), [b, gates]), h, weights);
    return reshape(h, [1, b, width]);
  });
  return concat(gpu, states, 0);
}
