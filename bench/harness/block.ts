// One transformer block by definition, in a given arithmetic, for the checks of benches.
import { geluTanh, swiglu } from "../../src/reference/activation.ts";
import { attention } from "../../src/reference/attention/attention.ts";
import { causal } from "../../src/reference/attention/masks.ts";
import { type Dense, dense, lengthOf } from "../../src/reference/dense.ts";
import { add } from "../../src/reference/elementwise.ts";
import { matmul } from "../../src/reference/matmul.ts";
import { layerNorm, rmsNorm } from "../../src/reference/norm.ts";
import { rope } from "../../src/reference/rope.ts";

/** A projection or a norm with its bias, if any. */
export interface WithBias<T> {
  readonly weight: T;
  readonly bias?: T | undefined;
}

/** The tensors of a block: Llama's with a gate, GPT-2's without. */
export interface BlockTensors<T> {
  /** `[t, c]` */
  readonly x: T;
  /** Keys and values `[1, g, s, d]`; those of the last t tokens are computed by this run, and not read. */
  readonly keys: T;
  readonly values: T;
  readonly attentionNorm: WithBias<T>;
  readonly feedForwardNorm: WithBias<T>;
  readonly q: WithBias<T>;
  readonly k: WithBias<T>;
  readonly v: WithBias<T>;
  readonly output: WithBias<T>;
  readonly up: WithBias<T>;
  readonly down: WithBias<T>;
  readonly gate?: WithBias<T> | undefined;
  /** Cosines and sines `[s, d/2, 2]`; unset: queries and keys are not rotated. */
  readonly table?: T | undefined;
}

/** The operations of a block. */
export interface BlockArithmetic {
  readonly norm: (x: Dense, norm: WithBias<Dense>) => Dense;
  readonly product: (x: Dense, linear: WithBias<Dense>) => Dense;
  readonly attention: (tensors: { readonly q: Dense; readonly k: Dense; readonly v: Dense }) => Dense;
  readonly gelu: (x: Dense) => Dense;
  readonly sum: (a: Dense, b: Dense) => Dense;
}

/** Float64: a norm with a bias is a layer norm, one without an RMS norm. */
export const inFloat64 = (eps: number): BlockArithmetic => ({
  norm: (x, { weight, bias }) => (bias ? layerNorm({ x, weight, bias }, { eps }) : rmsNorm({ x, weight }, { eps })).y,
  product: (x, { weight, bias }) => matmul(bias ? { x, weight, bias } : { x, weight }).y,
  attention: (tensors) => attention(tensors, { mask: causal }).out,
  gelu: (x) => geluTanh({ x }).y,
  sum: (a, b) => add({ a, b }).y,
});

/** Pre-norm: `x + attention(norm(x))`, then that plus `feedForward(norm(…))`, `[t, c]`. */
export function blockOf(tensors: BlockTensors<Dense>, arithmetic: BlockArithmetic): Dense {
  const { norm, product, sum, gelu } = arithmetic;
  const { x, keys, values, table, gate } = tensors;
  const [, g = 1, s = 1, d = 1] = keys.shape;
  const t = lengthOf(x.shape, 0);
  const rotated = (heads: Dense) =>
    table ? byTokens(rope({ x: byTokens(heads), table }, { layout: "halves", start: s - t }).y) : heads;
  const before = norm(x, tensors.attentionNorm);
  const heads = (of: WithBias<Dense>) => {
    const projected = product(before, of);
    return byTokens(dense([1, t, lengthOf(projected.shape, 1) / d, d], projected.values));
  };
  const joined = (cache: Dense, own: Dense) => {
    const all = Float64Array.from(cache.values);
    for (let head = 0; head < g; head++) {
      all.set(own.values.subarray(head * t * d, (head + 1) * t * d), ((head + 1) * s - t) * d);
    }
    return dense([1, g, s, d], all);
  };
  const out = arithmetic.attention({
    q: rotated(heads(tensors.q)),
    k: joined(keys, rotated(heads(tensors.k))),
    v: joined(values, heads(tensors.v)),
  });
  const attended = byTokens(out);
  const width = attended.values.length / t;
  const between = sum(x, product(dense([t, width], attended.values), tensors.output));
  const after = norm(between, tensors.feedForwardNorm);
  const up = product(after, tensors.up);
  const hidden = gate ? swiglu({ gate: product(after, gate), up }).y : gelu(up);
  return sum(between, product(hidden, tensors.down));
}

/** `[1, b, a, width]` from `[1, a, b, width]`. */
function byTokens({ shape: [, a = 1, b = 1, width = 1], values }: Dense): Dense {
  const out = new Float64Array(values.length);
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) out.set(values.subarray((i * b + j) * width).subarray(0, width), (j * a + i) * width);
  }
  return dense([1, b, a, width], out);
}
