import { readFile } from "node:fs/promises";
import { describe, expect, test, vi } from "vitest";
import { transformerBlock } from "../../../examples/04-transformer-block/block.ts";
import { assertClose, nmseCaps } from "../../../src/check/compare.ts";
import { normal } from "../../../src/check/random.ts";
import { type BlockWeights, tensor } from "../../../src/index.ts";
import { swiglu } from "../../../src/reference/activation.ts";
import { attention } from "../../../src/reference/attention/attention.ts";
import { causal } from "../../../src/reference/attention/masks.ts";
import { type Dense, dense, reshape } from "../../../src/reference/dense.ts";
import { add } from "../../../src/reference/elementwise.ts";
import { transpose } from "../../../src/reference/layout.ts";
import { matmul } from "../../../src/reference/matmul.ts";
import { rmsNorm } from "../../../src/reference/norm.ts";
import { cosinesAndSines, rope } from "../../../src/reference/rope.ts";
import { goldenPrompts } from "../../support/bundled.ts";
import { quickEngines, quickGpu } from "../../support/devices/gpu.ts";

const gpu = await quickGpu();
quickEngines(); // of the example

/** Values that an f32 tensor holds exactly. */
const random = (shape: readonly number[], seed: number, scale: number, mean = 0): Dense => {
  const size = shape.reduce((product, axis) => product * axis, 1);
  return dense(shape, Float32Array.from(normal(size, seed, scale, mean)));
};

function randomWeights(c: number, h: number, g: number, d: number, f: number) {
  const matrix = (out: number, input: number, seed: number) => random([out, input], seed, 1 / Math.sqrt(input));
  return {
    attentionNorm: random([c], 1, 0.1, 1),
    q: matrix(h * d, c, 2),
    k: matrix(g * d, c, 3),
    v: matrix(g * d, c, 4),
    output: matrix(c, h * d, 5),
    feedForwardNorm: random([c], 6, 0.1, 1),
    gate: matrix(f, c, 7),
    up: matrix(f, c, 8),
    down: matrix(c, f, 9),
  };
}

const eps = 1e-5;

function reference(x: Dense, w: ReturnType<typeof randomWeights>, table: Dense, d: number): Dense {
  const [b = 1, t = 1, c = 1] = x.shape;
  const linear = (x: Dense, weight: Dense) => matmul({ x, weight }).y;
  const heads = (x: Dense) => reshape(x, [b, t, (x.shape.at(-1) ?? 0) / d, d]);
  const swapped = (x: Dense) => transpose({ x }, { order: [0, 2, 1, 3] }).y;
  const rotated = (x: Dense) => rope({ x, table }, { layout: "halves" }).y;
  const normed = rmsNorm({ x, weight: w.attentionNorm }, { eps }).y;
  const [q, k, v] = [w.q, w.k, w.v].map((weight) => heads(linear(normed, weight)));
  if (!q || !k || !v) throw new Error("three projections");
  const { out } = attention({ q: swapped(rotated(q)), k: swapped(rotated(k)), v: swapped(v) }, { mask: causal });
  const attended = add({ a: x, b: linear(reshape(swapped(out), [b, t, c]), w.output) }).y;
  const fed = rmsNorm({ x: attended, weight: w.feedForwardNorm }, { eps }).y;
  return add({ a: attended, b: linear(swiglu({ gate: linear(fed, w.gate), up: linear(fed, w.up) }).y, w.down) }).y;
}

describe("the block equals the float64 reference", () => {
  test.each([
    { b: 1, t: 1, h: 1, g: 1, d: 8, f: 16 },
    { b: 2, t: 13, h: 6, g: 2, d: 32, f: 200 },
    { b: 1, t: 70, h: 4, g: 4, d: 16, f: 96 },
  ])("b $b, t $t, h $h, g $g, d $d, f $f", async ({ b, t, h, g, d, f }) => {
    const c = h * d;
    const w = randomWeights(c, h, g, d, f);
    const x = random([b, t, c], 10, 1);
    const table = cosinesAndSines({ theta: 10_000, width: d, positions: t });
    using scope = gpu.scope();
    const upload = ({ shape, values }: Dense) => tensor(gpu, shape, values);
    const matrix = (weight: Dense) => ({ weight: upload(weight) });
    const weights: BlockWeights = {
      attentionNorm: { kind: "rms", eps, weight: upload(w.attentionNorm) },
      attention: { q: matrix(w.q), k: matrix(w.k), v: matrix(w.v), output: matrix(w.output) },
      feedForwardNorm: { kind: "rms", eps, weight: upload(w.feedForwardNorm) },
      feedForward: { gate: matrix(w.gate), up: matrix(w.up), down: matrix(w.down) },
    };
    const y = scope.keep(transformerBlock(gpu, upload(x), weights, upload(table), d));
    expect(y.shape).toEqual([b, t, c]);
    assertClose(await y.read(), reference(x, w, table, d).values, nmseCaps.f32, "transformer block");
    y.dispose();
  });
});

test("six of them are the bundled model: its text, and its logits", async () => {
  const golden = goldenPrompts.find(({ prompt }) => prompt === "<|whale|>The captain stood upon the deck");
  if (!golden) throw new Error("there is no such prompt");
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const { logitsOf } = await import("../../../examples/04-transformer-block/main.ts");
  expect(log.mock.calls).toEqual([
    [`${golden.prompt}, and the cabin, and`],
    ["The model itself goes on with the same text."],
  ]);
  const logits = logitsOf(golden.promptTokens);
  const last = (await logits.read()).slice(-(logits.shape.at(-1) ?? 0));
  assertClose(last, golden.lastLogits, nmseCaps.logits, "logits of the last position");
});

test("is under 40 lines", async () => {
  const text = await readFile("examples/04-transformer-block/block.ts", "utf8");
  expect(text.trim().split("\n").length).toBeLessThan(40);
});
