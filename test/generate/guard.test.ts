// What a guard finds while a model runs: the largest magnitudes, and the first layer that is at fault.
import { afterAll, describe, expect, test } from "vitest";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { inspect } from "../../src/generate/look/inspection.ts";
import { guardReport } from "../../src/generate/session/guard.ts";
import { OptionError } from "../../src/options/errors.ts";
import { swiglu } from "../../src/reference/activation.ts";
import { dense } from "../../src/reference/dense.ts";
import { add } from "../../src/reference/elementwise.ts";
import { matmul } from "../../src/reference/matmul.ts";
import { rmsNorm } from "../../src/reference/norm.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { bundledModel } from "../support/bundled.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const gpu = await quickGpu();
const model = await loadModel(gpu, bundledModel, { context: 64 });
afterAll(() => model.dispose());
const { layers, width } = model.decoder.config;
const prompt = [10, 20, 30, 40, 50];
const greedy = { temperature: 0, maxTokens: 6 };

/** The largest magnitude after a layer in a prefill, from the stream within it, by the reference. */
async function largestAfter(layer: number): Promise<number> {
  const block = model.decoder.weights.blocks[layer];
  if (!block?.feedForwardNorm || !block.feedForward || !("gate" in block.feedForward) || !block.feedForward.gate)
    throw new Error(`layer ${layer} differs`);
  using session = model.session();
  const { taps } = await inspect(session.state, prompt, "last", { taps: (name) => name === `layer.${layer}.residual` });
  const stream = dense([prompt.length, width], taps.get(`layer.${layer}.residual`)?.[0]?.values ?? []);
  const { weight, eps } = block.feedForwardNorm;
  const read = async (one: Tensor) => dense(one.shape, await one.read());
  const { gate, up, down } = block.feedForward;
  const x = rmsNorm({ x: stream, weight: await read(weight) }, { eps }).y;
  const [gated, wide] = [
    matmul({ x, weight: await read(gate.weight) }).y,
    matmul({ x, weight: await read(up.weight) }).y,
  ];
  const update = matmul({ x: swiglu({ gate: gated, up: wide }).y, weight: await read(down.weight) }).y;
  return add({ a: stream, b: update }).y.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

test("the largest magnitudes are the reference's", async () => {
  const { guard } = await model.generate(prompt, { maxTokens: 0, guard: true }).result;
  expect(guard?.layers.map(({ layer }) => layer)).toEqual(Array.from({ length: layers }, (_, i) => i));
  expect(guard?.beyondF16).toBeUndefined();
  for (const layer of [0, 3, layers - 1]) {
    const expected = await largestAfter(layer);
    expect(Math.abs((guard?.layers[layer]?.largest ?? 0) / expected - 1)).toBeLessThan(1e-4);
  }
});

test("the text is the same, steps count too, and a next generation begins anew", async () => {
  const plain = await model.generate(prompt, greedy).result;
  const guarded = await model.generate(prompt, { ...greedy, guard: true, logprobs: 2 }).result;
  expect(guarded.text).toBe(plain.text);
  expect(plain.guard).toBeUndefined();
  const whole = [...prompt, ...(plain.rows[0]?.tokens.slice(0, -1) ?? [])];
  const prefilled = await model.generate(whole, { maxTokens: 0, guard: true }).result;
  for (const [i, { largest }] of (prefilled.guard?.layers ?? []).entries()) {
    expect((guarded.guard?.layers[i]?.largest ?? 0) / largest).toBeGreaterThan(1 - 1e-4);
  }
  using session = model.session();
  const first = await session.generate(prompt, { ...greedy, guard: true }).result;
  const again = await session.generate([7], { maxTokens: 0, guard: { every: 1 } }).result;
  expect(again.guard?.layers[1]?.largest).not.toBe(first.guard?.layers[1]?.largest);
});

test.each([
  [2, [1, 3, 5]],
  [4, [3, 5]],
  [100, [5]],
])("every %i layers, and the last", async (every, expected) => {
  const { guard } = await model.generate([prompt, [3]], { maxTokens: 2, guard: { every } }).result;
  expect(guard?.layers.map(({ layer }) => layer)).toEqual(expected);
});

describe("a layer at fault", () => {
  /** Runs `use` while the first elements of a layer's last matrix are halves that are none. */
  async function faulty(layer: number, half: number, use: () => Promise<void>): Promise<void> {
    const feedForward = model.decoder.weights.blocks[layer]?.feedForward;
    if (!feedForward || !("gate" in feedForward)) throw new Error(`layer ${layer} differs`);
    const { storage } = feedForward.down.weight;
    const before = await gpu.read(storage, 0, 4);
    await gpu.write(storage, 0, new Uint8Array(Uint16Array.of(half, half).buffer));
    try {
      await use();
    } finally {
      await gpu.write(storage, 0, new Uint8Array(before));
    }
  }

  test.each([0, 2, layers - 1])("is named: layer %i", async (layer) => {
    await faulty(layer, 0x7e00, async () => {
      const { result } = model.generate(prompt, { ...greedy, guard: true });
      await expect(result).rejects.toThrow(`the residual stream after layer ${layer} holds NaN; shaderformer inspect`);
      const skipping = model.generate(prompt, { ...greedy, guard: { every: 4 } }).result;
      await expect(skipping).rejects.toThrow(
        `after layer ${layer > 3 ? layers - 1 : 3} holds NaN, the first one looked`,
      );
    });
    expect((await model.generate(prompt, { ...greedy, guard: true }).result).rows[0]?.tokens).toHaveLength(6);
  });

  test("infinity is told from NaN", async () => {
    await faulty(1, 0x7c00, async () => {
      const { result } = model.generate(prompt, { ...greedy, guard: true });
      await expect(result).rejects.toThrow(/after layer 1 holds (Infinity|NaN)/);
    });
  });
});

test("the first layer beyond f16 is named", () => {
  const report = (...values: number[]) =>
    guardReport(model.decoder, new Uint32Array(Float32Array.from(values).buffer), 1).beyondF16;
  expect(report(1, 2, 65_504, 4, 5, 6)).toBeUndefined();
  expect(report(1, 2, 65_505, 4, 1e6, 6)).toBe(2);
  expect(() => report(1, 2, 3, Number.POSITIVE_INFINITY, Number.NaN, 6)).toThrow("after layer 3 holds Infinity");
});

test.each([{ every: 0 }, { every: 1.5 }, {}, "yes", 1])("guard: %j is refused", (guard) => {
  expect(() => model.generate(prompt, { guard: guard as never })).toThrow(OptionError);
});
