import { activationGates } from "../../../src/check/emulation/activation.ts";
import { attention } from "../../../src/check/emulation/attention.ts";
import { layerNorm, matmul } from "../../../src/check/emulation/rows.ts";
import { inTurn } from "../../../src/check/emulation/sums.ts";
import { causal } from "../../../src/reference/attention/masks.ts";
import { type Dense, dense } from "../../../src/reference/dense.ts";
import { add } from "../../../src/reference/elementwise.ts";
import { type BlockArithmetic, type BlockTensors, blockOf, inFloat64 } from "../../harness/block.ts";
import { blockValues, cacheOf, gpt2Small, type LinearValues, type NormValues } from "../block.ts";
import type { BlockProblem } from "../problems.ts";

const { eps } = gpt2Small;

/** The block in float64, `[t, c]`. */
export const blockInF64 = (problem: BlockProblem): Dense => blockOf(tensorsOf(problem), inFloat64(eps));

/** F32 loops, every operation rounded. */
const inF32: BlockArithmetic = {
  norm: (x, { weight, bias }) => layerNorm(bias ? { x, weight, bias } : { x, weight }, { eps }).y,
  product: (x, { weight, bias }) => matmul(bias ? { x, weight, bias } : { x, weight }, inTurn).y,
  attention: (tensors) => attention(tensors, { mask: causal }).out,
  gelu: (x) => activationGates.geluTanh.emulation({ x }, {}, inTurn).y,
  sum: (a, b) => dense(a.shape, Float32Array.from(add({ a, b }).y.values)),
};

/** The same by f32 loops. */
export const blockInF32 = (problem: BlockProblem): Dense => blockOf(tensorsOf(problem), inF32);

function tensorsOf(problem: BlockProblem): BlockTensors<Dense> {
  const { t, s } = problem;
  const { c, h, d } = gpt2Small;
  const { x, keys, values, norms, q, k, v, output, up, down } = blockValues(problem);
  const norm = ({ weight, bias }: NormValues) => ({ weight: dense([c], weight), bias: dense([c], bias) });
  const linear = ({ weight, bias, out, in: inner }: LinearValues) => ({
    weight: dense([out, inner], weight),
    bias: dense([out], bias),
  });
  return {
    x: dense([t, c], x),
    keys: dense([1, h, s, d], cacheOf(problem, keys)),
    values: dense([1, h, s, d], cacheOf(problem, values)),
    attentionNorm: norm(norms[0]),
    feedForwardNorm: norm(norms[1]),
    q: linear(q),
    k: linear(k),
    v: linear(v),
    output: linear(output),
    up: linear(up),
    down: linear(down),
  };
}
