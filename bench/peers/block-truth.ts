import { activationGates } from "../../src/check/emulation/activation.ts";
import { attention as attentionEmulation } from "../../src/check/emulation/attention.ts";
import { layerNorm as layerNormEmulation, matmul as matmulEmulation } from "../../src/check/emulation/rows.ts";
import { inTurn } from "../../src/check/emulation/sums.ts";
import { geluTanh } from "../../src/reference/activation.ts";
import { attention as attentionReference } from "../../src/reference/attention.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";
import { add } from "../../src/reference/elementwise.ts";
import { causal } from "../../src/reference/masks.ts";
import { matmul as matmulReference } from "../../src/reference/matmul.ts";
import { layerNorm as layerNormReference } from "../../src/reference/norm.ts";
import { blockValues, gpt2Small, type LinearValues, type NormValues } from "./block.ts";
import { type BlockProblem, swapped } from "./problems.ts";

type Product = { readonly x: Dense; readonly weight: Dense; readonly bias: Dense };
type Heads = { readonly q: Dense; readonly k: Dense; readonly v: Dense };

/** The operations of a block in some arithmetic. */
interface Arithmetic {
  readonly norm: (tensors: Product) => Dense;
  readonly product: (tensors: Product) => Dense;
  readonly attention: (tensors: Heads) => Dense;
  readonly gelu: (x: Dense) => Dense;
  readonly sum: (a: Dense, b: Dense) => Dense;
}

const eps = { eps: gpt2Small.eps };
const mask = { mask: causal };

/** The block in float64, `[t, c]`. */
export const blockInF64 = (problem: BlockProblem): Dense =>
  block(problem, {
    norm: (tensors) => layerNormReference(tensors, eps).y,
    product: (tensors) => matmulReference(tensors).y,
    attention: (tensors) => attentionReference(tensors, mask).out,
    gelu: (x) => geluTanh({ x }).y,
    sum: (a, b) => add({ a, b }).y,
  });

/** The same by f32 loops, every operation rounded. */
export const blockInF32 = (problem: BlockProblem): Dense =>
  block(problem, {
    norm: (tensors) => layerNormEmulation(tensors, eps).y,
    product: (tensors) => matmulEmulation(tensors, inTurn).y,
    attention: (tensors) => attentionEmulation(tensors, mask).out,
    gelu: (x) => activationGates.geluTanh.emulation({ x }, {}, inTurn).y,
    sum: (a, b) => dense(a.shape, Float32Array.from(add({ a, b }).y.values)),
  });

function block(problem: BlockProblem, { norm, product, attention, gelu, sum }: Arithmetic): Dense {
  const { t, s } = problem;
  const { c, h, d } = gpt2Small;
  const given = blockValues(problem);
  const normed = (x: Dense, { weight, bias }: NormValues) =>
    norm({ x, weight: dense([c], weight), bias: dense([c], bias) });
  const linear = (x: Dense, { weight, bias, out, in: inner }: LinearValues) =>
    product({ x, weight: dense([out, inner], weight), bias: dense([out], bias) });
  const x = dense([t, c], given.x);
  const before = normed(x, given.norms[0]);
  /** `[1, h, s, d]`: what is kept of the tokens before, then this run's. */
  const byHeads = (projected: Dense, past?: Float32Array) => {
    const own = swapped(Float32Array.from(projected.values), t, h, d);
    const kept = past ? s - t : 0;
    const all = new Float64Array(h * (kept + t) * d);
    for (let head = 0; head < h; head++) {
      if (past) all.set(past.subarray(head * kept * d, (head + 1) * kept * d), head * (kept + t) * d);
      all.set(own.subarray(head * t * d, (head + 1) * t * d), (head * (kept + t) + kept) * d);
    }
    return dense([1, h, kept + t, d], all);
  };
  const out = attention({
    q: byHeads(linear(before, given.q)),
    k: byHeads(linear(before, given.k), given.keys),
    v: byHeads(linear(before, given.v), given.values),
  });
  const attended = dense([t, c], swapped(Float32Array.from(out.values), h, t, d));
  const between = sum(x, linear(attended, given.output));
  const hidden = gelu(linear(normed(between, given.norms[1]), given.up));
  return sum(between, linear(hidden, given.down));
}
