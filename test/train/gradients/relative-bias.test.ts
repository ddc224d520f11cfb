// The bias of T5's attention from its table of buckets to its gradient.
import { expect, test } from "vitest";
import { encoderBlock } from "../../../src/blocks/encoder-block.ts";
import { summed } from "../../../src/blocks/norm.ts";
import { normal } from "../../../src/check/random.ts";
import { attention } from "../../../src/kernels/attention/attention.ts";
import { gather } from "../../../src/kernels/embedding/gather.ts";
import { contiguous } from "../../../src/kernels/layout/contiguous.ts";
import { bucketsOfOffsets } from "../../../src/models/seq2seq/positions.ts";
import { relu } from "../../../src/reference/activation.ts";
import { attention as attentionOf } from "../../../src/reference/attention/attention.ts";
import { full } from "../../../src/reference/attention/masks.ts";
import { type Dense, dense, element, sizeOf } from "../../../src/reference/dense.ts";
import { add } from "../../../src/reference/elementwise.ts";
import { transpose as order } from "../../../src/reference/layout.ts";
import { matmul } from "../../../src/reference/matmul.ts";
import { rmsNorm } from "../../../src/reference/norm.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { reshape, transpose } from "../../../src/tensor/views.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { centralDifferences } from "../../support/numbers/central-differences.ts";
import { gradientsOf } from "../../support/numbers/gradients-of.ts";

const gpu = await quickGpu();

const [t, heads, headWidth, hidden] = [7, 2, 4, 6];
const width = heads * headWidth;
const stack = { buckets: 8, farthest: 5 } as const;
const shapes = {
  x: [t, width],
  table: [stack.buckets, heads],
  q: [width, width],
  k: [width, width],
  v: [width, width],
  output: [width, width],
  up: [hidden, width],
  down: [width, hidden],
  norm: [width],
} as const;
type Name = keyof typeof shapes;

const numbers = Object.fromEntries(
  Object.entries(shapes).map(([name, shape], i) => [
    name,
    dense(
      shape,
      normal(sizeOf(shape), i + 1).map((x) => Math.fround(name === "table" ? x : x / 2)),
    ),
  ]),
) as Record<Name, Dense>;
const upstream = dense([t, width], normal(t * width, 20).map(Math.fround));

/** A layer of T5's encoder in float64: RMS norms before sublayers, scores that are not scaled, ReLU. */
function layer({ x, table, q, k, v, output, up, down, norm }: Record<Name, Dense>): { y: Dense } {
  const ids = bucketsOfOffsets(stack, "encoder");
  const normed = rmsNorm({ x, weight: norm }, { eps: 1e-6 }).y;
  const split = (weight: Dense) => {
    const { values } = matmul({ x: normed, weight }).y;
    return order({ x: { shape: [1, t, heads, headWidth], values } }, { order: [0, 2, 1, 3] }).y;
  };
  const score = (value: number, _b: number, head: number, query: number, key: number) => {
    const offset = Math.max(-stack.farthest, Math.min(stack.farthest, key - query));
    return value + element(table, [ids[offset + stack.farthest] ?? 0, head]);
  };
  const { out } = attentionOf({ q: split(q), k: split(k), v: split(v) }, { mask: full, score, scale: 1 });
  const joined = { shape: [t, width], values: order({ x: out }, { order: [0, 2, 1, 3] }).y.values };
  const between = add({ a: x, b: matmul({ x: joined, weight: output }).y }).y;
  const fed = relu({ x: matmul({ x: rmsNorm({ x: between, weight: norm }, { eps: 1e-6 }).y, weight: up }).y }).y;
  return { y: add({ a: between, b: matmul({ x: fed, weight: down }).y }).y };
}

/** The same on the GPU, with the table spread over offsets as the model does it. */
function recorded(p: Readonly<Record<Name, Tensor>>): Tensor {
  const ids = bucketsOfOffsets(stack, "encoder");
  const rows = gather(gpu, { ids: tensor(gpu, [ids.length], ids, "u32"), table: p.table }).y;
  const table = contiguous(gpu, { x: transpose(rows) }).y;
  const norm = { kind: "rms", weight: p.norm, eps: 1e-6 } as const;
  const weights = {
    attentionNorm: norm,
    attention: { q: { weight: p.q }, k: { weight: p.k }, v: { weight: p.v }, output: { weight: p.output } },
    feedForwardNorm: norm,
    feedForward: { up: { weight: p.up }, down: { weight: p.down } },
  };
  const stream = encoderBlock(
    gpu,
    "layer",
    { sum: reshape(p.x, [1, t, width]) },
    { score: { kind: "signed-relative-bias", table } },
    weights,
    { heads, headWidth, activation: "relu", norms: "pre", scale: 1 },
  );
  return reshape(summed(gpu, stream), [t, width]);
}

// Every variant of attention's gradients has such a table among its cases.
test("a layer of T5's encoder: the gradients of all of its weights, the table of buckets included, are those of float64", async () => {
  const parameters = Object.fromEntries(
    Object.entries(numbers).map(([name, { shape, values }]) => [name, tensor(gpu, shape, values)]),
  ) as Record<Name, Tensor>;
  const found = await gradientsOf(gpu, parameters, recorded, {
    upstream: tensor(gpu, upstream.shape, upstream.values),
  });
  for (const name of Object.keys(shapes) as Name[]) {
    const wanted = centralDifferences(layer, numbers, { y: upstream }, name).values;
    const largest = Math.max(...wanted.map(Math.abs));
    const errors = wanted.map((value, i) => Math.abs(value - (found.gradients[name]?.[i] ?? Number.NaN)));
    expect(Math.max(...errors) / largest, name).toBeLessThan(2e-6);
  }
});

test("tensors of two scores of a chain have their gradients, and a score that cannot is named", async () => {
  const x = (shape: readonly number[], seed: number) => tensor(gpu, shape, normal(sizeOf(shape), seed));
  const [q, k, v] = [x([1, 2, 3, 4], 1), x([1, 2, 3, 4], 2), x([1, 2, 3, 4], 3)] as const;
  const upstreamOf = { upstream: x([1, 2, 3, 4], 4) };
  const parameters = { slopes: x([2], 5), bias: x([1, 1, 3, 3], 6) };
  const found = await gradientsOf(
    gpu,
    parameters,
    ({ slopes, bias }) => {
      const score = [
        { kind: "alibi", slopes },
        { kind: "softcap", cap: 2 },
        { kind: "bias", bias },
      ] as const;
      return attention(gpu, { q, k, v }, { score }).out;
    },
    upstreamOf,
  );
  expect(found.gradients.slopes?.length).toBe(2);
  expect(found.gradients.bias?.length).toBe(9);
  const wgsl = `@group(2) @binding(0) var<storage, read> table: array<f32>;
fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return score + table[h]; }
fn score_derivative(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return 1.0; }`;
  const own = gradientsOf(
    gpu,
    { slopes: parameters.slopes },
    ({ slopes }) => attention(gpu, { q, k, v }, { score: { kind: "custom", wgsl, tensors: { table: slopes } } }).out,
    upstreamOf,
  );
  await expect(own).rejects.toThrow("score.tensors.table has no gradient");
});
