import { describe, expect, test } from "vitest";
import { linearAttentionCases } from "../../../src/check/cases/attention/linear.ts";
import { normal } from "../../../src/check/random.ts";
import { attention } from "../../../src/kernels/attention/attention.ts";
import { type LinearAttentionOptions, linearAttention } from "../../../src/kernels/linear-attention.ts";
import { linearAttention as reference } from "../../../src/reference/attention/linear-attention.ts";
import { dense } from "../../../src/reference/dense.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { slice, transpose } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu({ features: [] });
testCases(() => gpu, linearAttentionCases);

const random = (shape: readonly number[], seed: number) =>
  tensor(
    gpu,
    shape,
    normal(
      shape.reduce((size, axis) => size * axis, 1),
      seed,
    ),
  );
const inputs = (h: number, g: number, t: number, s: number, d: number, b = 1) => ({
  q: random([b, h, t, d], 1),
  k: random([b, g, s, d], 2),
  v: random([b, g, s, d], 3),
});

/** FLOPs of what a call records. */
const flops = (record: () => unknown, figure: "flops" | "requestedBytes" = "flops") =>
  gpu.record(record).dispatches.reduce((sum, { cost }) => sum + (cost[figure] ?? 0), 0);

describe("linearAttention", () => {
  test.each(["causal", "full"] as const)("costs as much a token, however many there are: %s", (mask) => {
    const [short, long] = [inputs(2, 1, 512, 512, 16), inputs(2, 1, 2048, 2048, 16)];
    for (const figure of ["flops", "requestedBytes"] as const) {
      const ratio =
        flops(() => linearAttention(gpu, long, { mask }), figure) /
        flops(() => linearAttention(gpu, short, { mask }), figure);
      expect(ratio, figure).toBeGreaterThan(3.9);
      expect(ratio, figure).toBeLessThan(4.2);
    }
    expect(flops(() => attention(gpu, long, { mask })) / flops(() => attention(gpu, short, { mask }))).toBeGreaterThan(
      15,
    );
  });

  test("costs grow with the square of the head's width", () => {
    const [narrow, wide] = [inputs(2, 2, 300, 300, 64), inputs(2, 2, 300, 300, 128)];
    const ratio =
      flops(() => linearAttention(gpu, wide, { mask: "full" })) /
      flops(() => linearAttention(gpu, narrow, { mask: "full" }));
    expect(ratio).toBeGreaterThan(3.8);
    expect(ratio).toBeLessThan(4.1);
  });

  test("is no softmax attention", async () => {
    const x = inputs(1, 1, 4, 9, 4);
    expect(await linearAttention(gpu, x).out.read()).not.toEqual(await attention(gpu, x).out.read());
  });

  test("a batch row is bitwise what it is alone", async () => {
    const { q, k, v } = inputs(3, 1, 20, 90, 8, 3);
    const together = await linearAttention(gpu, { q, k, v }).out.read();
    for (let row = 0; row < 3; row++) {
      const one = { q: slice(q, 0, row, row + 1), k: slice(k, 0, row, row + 1), v: slice(v, 0, row, row + 1) };
      expect(await linearAttention(gpu, one).out.read()).toEqual(together.slice(row * 480, (row + 1) * 480));
    }
  });

  test("runs again and again with the same bits, recorded too", async () => {
    const x = inputs(2, 1, 70, 300, 8);
    const first = await linearAttention(gpu, x).out.read();
    for (let i = 0; i < 5; i++) expect(await linearAttention(gpu, x).out.read()).toEqual(first);
    expect(
      gpu.record(() => linearAttention(gpu, x)).calls.map(({ op, dispatches }) => [op, dispatches.length]),
    ).toEqual([["linearAttention", 3]]);
  });

  test("the reference gives constant values back, and means where all keys are the same", () => {
    const [q, k] = [dense([1, 2, 5, 3], normal(30, 1)), dense([1, 1, 6, 3], normal(18, 2))];
    const constant = reference({
      q,
      k,
      v: dense(
        [1, 1, 6, 2],
        Array.from({ length: 12 }, (_, i) => i % 2),
      ),
    });
    constant.out.values.forEach((value, i) => {
      expect(value).toBeCloseTo(i % 2, 14);
    });
    const uniform = reference({ q, k: dense([1, 1, 6, 3]), v: dense([1, 1, 6, 1], [1, 2, 3, 4, 5, 6]) });
    expect([...uniform.out.values].slice(0, 5).map((value) => value.toFixed(12))).toEqual(
      [1.5, 2, 2.5, 3, 3.5].map((value) => value.toFixed(12)),
    );
  });

  test("refuses what does not fit, and says so", () => {
    const call =
      (q: number[], k: number[], options: LinearAttentionOptions = {}) =>
      () =>
        linearAttention(gpu, { q: random(q, 1), k: random(k, 2), v: random(k, 3) }, options);
    expect(call([1, 4, 3, 8], [1, 3, 5, 8])).toThrow(/linearAttention: .* 4 query heads do not divide among 3/);
    expect(call([1, 4, 3, 8], [1, 2, 5, 12])).toThrow(/k is \[1, 2, 5, 12\], expected .* with d = 8 \(from q\)/);
    expect(call([4, 3, 8], [1, 2, 5, 8])).toThrow(/q is \[4, 3, 8\], expected \[b, h, t, d\]/);
    expect(call([1, 4, 3, 8], [1, 2, 5, 8], { length: 6 })).toThrow(/length is 6, expected 0 to 5/);
    expect(call([1, 4, 3, 260], [1, 2, 5, 260])).toThrow(/heads are 260 wide, expected at most 256/);
    expect(call([1, 4, 3, 8], [1, 2, 5, 8], { start: 0.5 })).toThrow(/start is 0.5/);
    expect(call([1, 4, 3, 8], [1, 2, 5, 8], { mask: "window" as "full" })).toThrow(/mask is "window", expected/);
    expect(call([1, 4, 3, 8], [1, 2, 0, 8])).toThrow(/expected room for at least one key/);
    const x = random([1, 1, 8, 8], 1);
    expect(() => linearAttention(gpu, { q: x, k: transpose(x), v: x })).toThrow(/k has strides \[64, 64, 1, 8\]/);
  });
});
