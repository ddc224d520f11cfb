import { expect, test } from "vitest";
import { encoderBlock } from "../../../src/blocks/encoder-block.ts";
import { summed } from "../../../src/blocks/norm.ts";
import { normal } from "../../../src/check/random.ts";
import { type PoolingMode, tokenWeights } from "../../../src/encode/pooling.ts";
import { crossEntropy } from "../../../src/kernels/cross-entropy/cross-entropy.ts";
import { mul } from "../../../src/kernels/elementwise/elementwise.ts";
import { fill } from "../../../src/kernels/elementwise/fill.ts";
import { gemm } from "../../../src/kernels/gemm/gemm.ts";
import { l2Normalise } from "../../../src/kernels/norm/l2-normalise.ts";
import { reduceSegments } from "../../../src/kernels/reduce/segments.ts";
import * as reference from "../../../src/reference/index.ts";
import { dense } from "../../../src/reference/index.ts";
import { sizeOf } from "../../../src/tensor/shape.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { reshape, slice, transpose } from "../../../src/tensor/views.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { centralDifferences } from "../../support/numbers/central-differences.ts";
import { gradientsOf } from "../../support/numbers/gradients-of.ts";

const gpu = await quickGpu();

/** Two pairs of texts, padded to three tokens: those before the middle are to be closest to their own of the others. */
const lengths = [3, 2, 1, 2];
const [b, t, heads, d, f] = [lengths.length, 3, 2, 2, 5];
const [c, pairs, scale, eps] = [heads * d, b / 2, 5, 1e-5];

const drawn = (shape: readonly number[], seed: number, by = 0.5) =>
  dense(shape, normal(sizeOf(shape), seed, by).map(Math.fround));
const parameters = {
  x: drawn([b, t, c], 1, 1),
  qkv: drawn([3 * c, c], 2),
  output: drawn([c, c], 3),
  up: drawn([f, c], 4),
  down: drawn([c, f], 5),
  qkvBias: drawn([3 * c], 6),
  upBias: drawn([f], 7),
  weight: drawn([c], 8, 1),
  bias: drawn([c], 9),
  weight2: drawn([c], 10, 1),
  bias2: drawn([c], 11),
};
type Parameters = typeof parameters;

/** The weight of each token of each text, those that fill it up 0. */
const sharesOf = (mode: PoolingMode) =>
  lengths.flatMap((length) => [
    ...tokenWeights(mode, [{ ids: new Array<number>(length).fill(0), typeIds: [] }], { tokens: t, texts: 1 }, true),
  ]);

/** The loss by its definition in float64, each text by itself. */
function defined(mode: PoolingMode, p: Parameters): { loss: reference.Dense } {
  const vectors = lengths.flatMap((length, i) => {
    const x = dense([length, c], p.x.values.subarray(i * t * c, (i * t + length) * c));
    const all = reference.matmul({ x, weight: p.qkv, bias: p.qkvBias }).y;
    const [q, k, v] = [0, 1, 2].map((part) => {
      const own = reference.slice({ x: all }, { axis: 1, start: part * c, end: (part + 1) * c }).y;
      return reference.transpose({ x: reference.reshape(own, [1, length, heads, d]) }, { order: [0, 2, 1, 3] }).y;
    }) as [reference.Dense, reference.Dense, reference.Dense];
    const { out } = reference.attention({ q, k, v }, { mask: reference.full });
    const joined = reference.reshape(reference.transpose({ x: out }, { order: [0, 2, 1, 3] }).y, [length, c]);
    const attended = reference.matmul({ x: joined, weight: p.output }).y;
    const first = { x, residual: attended, weight: p.weight, bias: p.bias };
    const { y } = reference.addLayerNorm(first, { eps });
    const active = reference.gelu({ x: reference.matmul({ x: y, weight: p.up, bias: p.upBias }).y }).y;
    const fed = reference.matmul({ x: active, weight: p.down }).y;
    const second = { x: y, residual: fed, weight: p.weight2, bias: p.bias2 };
    const states = reference.addLayerNorm(second, { eps }).y;
    const weights = dense([length], sharesOf(mode).slice(i * t, i * t + length));
    const operation = mode === "max" ? "max" : "sum";
    return [...reference.segments({ x: states, weights, offsets: dense([2], [0, length]) }, { operation }).y.values];
  });
  const { y } = reference.l2Normalise({ x: dense([b, c], vectors) });
  const half = (i: number) => dense([pairs, c], y.values.slice(i * pairs * c, (i + 1) * pairs * c));
  const similar = reference.matmul({ x: half(0), weight: half(1) }).y;
  const logits = dense(
    similar.shape,
    similar.values.map((value) => scale * value),
  );
  return { loss: reference.crossEntropy({ logits, targets: dense([pairs], [0, 1]) }).loss };
}

/** The same as ops: texts of a batch, padded, in one encoder block. */
function recorded(mode: PoolingMode, p: { readonly [N in keyof Parameters]: Tensor }): Tensor {
  const linear = (weight: Tensor, bias?: Tensor) => ({ weight, ...(bias ? { bias } : {}) });
  const ranges = tensor(
    gpu,
    [b, 2],
    lengths.flatMap((length) => [0, length]),
    "u32",
  );
  const unused = linear(p.output);
  const states = encoderBlock(
    gpu,
    "layer",
    { sum: p.x },
    { mask: { kind: "key-padding", ranges } },
    {
      attentionNorm: { kind: "layer", weight: p.weight, bias: p.bias, eps },
      attention: { q: unused, k: unused, v: unused, qkv: linear(p.qkv, p.qkvBias), output: linear(p.output) },
      feedForwardNorm: { kind: "layer", weight: p.weight2, bias: p.bias2, eps },
      feedForward: { up: linear(p.up, p.upBias), down: linear(p.down) },
    },
    { heads, headWidth: d, activation: "gelu", norms: "post" },
  );
  const given = {
    x: reshape(summed(gpu, states), [b * t, c]),
    weights: tensor(gpu, [b * t], sharesOf(mode)),
    offsets: tensor(
      gpu,
      [b + 1],
      Array.from({ length: b + 1 }, (_, i) => i * t),
      "u32",
    ),
  };
  const pooled = reduceSegments(gpu, given, { operation: mode === "max" ? "max" : "sum" }).y;
  const { y } = l2Normalise(gpu, { x: pooled });
  const similar = gemm(gpu, { a: slice(y, 0, 0, pairs), b: transpose(slice(y, 0, pairs, b)) }).y;
  const logits = mul(gpu, { a: similar, b: fill(gpu, [1], scale) }).y;
  return crossEntropy(gpu, { logits, targets: tensor(gpu, [pairs], [0, 1], "u32") }).loss;
}

test.each(["mean", "max", "cls", "lasttoken"] as const)(
  "a contrastive loss of texts pooled by %s: every gradient is that of central differences in float64",
  async (mode) => {
    const given = Object.fromEntries(
      Object.entries(parameters).map(([name, { shape, values }]) => [name, tensor(gpu, shape, values)]),
    ) as { [N in keyof Parameters]: Tensor };
    const { value, gradients } = await gradientsOf(gpu, given, (p) => recorded(mode, p));
    const { loss } = defined(mode, parameters);
    expect(Math.abs((value[0] ?? Number.NaN) - (loss.values[0] ?? 0))).toBeLessThan(1e-5);
    // By another mode other states get a gradient: those of the last layer say which.
    const all = Object.keys(parameters) as (keyof Parameters)[];
    for (const name of mode === "mean" ? all : (["x", "weight2"] as const)) {
      const differences = centralDifferences(
        (p: Parameters) => defined(mode, p),
        parameters,
        { loss: dense([1], [1]) },
        name,
      );
      const wanted = differences.values;
      const error = wanted.reduce((sum, one, i) => sum + (one - (gradients[name]?.[i] ?? Number.NaN)) ** 2, 0);
      const whole = wanted.reduce((sum, one) => sum + one ** 2, 0);
      expect(Math.sqrt(error / whole), name).toBeLessThan(1e-5);
    }
  },
);
