import {
  add,
  attention,
  type BlockWeights,
  type Gpu,
  matmul,
  reshape,
  rmsNorm,
  rope,
  swiglu,
  type Tensor,
  transpose,
} from "shaderformer";

/** A block of the Llama family, causal, over whole sequences. `x` `[b, t, c]`, RoPE `table` `[t, d/2, 2]` → `[b, t, c]`. */
export function transformerBlock(gpu: Gpu, x: Tensor, weights: BlockWeights, table: Tensor, d: number): Tensor {
  using scope = gpu.scope();
  const [b = 1, t = 1, c = 1] = x.shape;
  const { q, k, v, output } = weights.attention;
  if ("router" in weights.feedForward) throw new TypeError("this block has no experts, and the weights are of some");
  const { gate, up, down } = weights.feedForward;
  if (!gate) throw new TypeError("this block has a gated feed-forward layer, and the weights have no gate");
  const linear = (x: Tensor, { weight }: { weight: Tensor }) => matmul(gpu, { x, weight }).y;
  const norm = (x: Tensor, n = weights.attentionNorm) =>
    n ? rmsNorm(gpu, { x, weight: n.weight }, { eps: n.eps }).y : x;
  const heads = (x: Tensor) => reshape(x, [b, t, -1, d]);
  const rotated = (x: Tensor) => rope(gpu, { x, table }, { layout: "halves" }).y;
  const swapped = (x: Tensor) => transpose(x, [0, 2, 1, 3]); // [b, t, h, d] and [b, h, t, d]

  const normed = norm(x, weights.attentionNorm);
  const queries = swapped(rotated(heads(linear(normed, q))));
  const keys = swapped(rotated(heads(linear(normed, k))));
  const { out } = attention(gpu, { q: queries, k: keys, v: swapped(heads(linear(normed, v))) }, { mask: "causal" });
  const attended = add(gpu, { a: x, b: linear(reshape(swapped(out), [b, t, c]), output) }).y;

  const fed = norm(attended, weights.feedForwardNorm);
  const hidden = swiglu(gpu, { gate: linear(fed, gate), up: linear(fed, up) }).y;
  return scope.keep(add(gpu, { a: attended, b: linear(hidden, down) }).y);
}
