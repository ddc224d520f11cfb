import { describe, expect, test } from "vitest";
import { mergeCases } from "../../../src/check/cases/attention/merge.ts";
import { assertClose, nmseCaps } from "../../../src/check/compare.ts";
import { normal } from "../../../src/check/random.ts";
import { attention } from "../../../src/kernels/attention/attention.ts";
import { mergeAttention } from "../../../src/kernels/attention/merge.ts";
import {
  attention as reference,
  mergeAttention as referenceMerge,
} from "../../../src/reference/attention/attention.ts";
import { dense } from "../../../src/reference/dense.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { slice, transpose } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu({ features: [] });
testCases(() => gpu, mergeCases);

const [b, h, t, dv] = [2, 3, 5, 8];
const state = (seed: number, lse: (row: number) => number) => ({
  out: transpose(tensor(gpu, [b, t, h, dv], normal(b * t * h * dv, seed)), [0, 2, 1, 3]),
  lse: tensor(
    gpu,
    [b, h, t],
    Array.from({ length: b * h * t }, (_, row) => lse(row)),
  ),
});
type State = ReturnType<typeof mergeAttention>;
const bits = async ({ out, lse }: State) => [
  ...new Uint32Array((await out.readStored()).buffer),
  ...new Uint32Array((await lse.readStored()).buffer),
];
const [one, two, three] = [
  state(1, (row) => Math.sin(row) * 3),
  state(2, (row) => Math.cos(row) * 3),
  state(3, (row) => row / 9),
];

describe("mergeAttention", () => {
  test("is commutative to the bit, ties included", async () => {
    const [left, right] = [one, state(4, (row) => Math.sin(row) * 3 * (row % 2))];
    expect(await bits(mergeAttention(gpu, { left, right }))).toEqual(
      await bits(mergeAttention(gpu, { left: right, right: left })),
    );
  });

  test("is associative up to rounding", async () => {
    const first = mergeAttention(gpu, { left: mergeAttention(gpu, { left: one, right: two }), right: three });
    const last = mergeAttention(gpu, { left: one, right: mergeAttention(gpu, { left: two, right: three }) });
    assertClose(await first.out.read(), await last.out.read(), 1e-13, "out");
    assertClose(await first.lse.read(), await last.lse.read(), 1e-13, "lse");
  });

  test("with nothing changes not a bit", async () => {
    const empty = state(5, () => Number.NEGATIVE_INFINITY);
    expect(await bits(mergeAttention(gpu, { left: empty, right: one }))).toEqual(await bits(one));
  });

  test("takes sides that lie differently in memory", async () => {
    const memory = await two.out.read(); // in the order of its indices
    const lse = await two.lse.read();
    const transposed = new Float64Array(lse.length); // [h, b, t]
    lse.forEach((value, i) => {
      transposed[((Math.floor(i / t) % h) * b + Math.floor(i / (h * t))) * t + (i % t)] = value;
    });
    const right = {
      out: tensor(gpu, [b, h, t, dv], memory),
      lse: transpose(tensor(gpu, [h, b, t], transposed), [1, 0, 2]),
    };
    const merged = await bits(mergeAttention(gpu, { left: one, right: two }));
    expect(await bits(mergeAttention(gpu, { left: one, right }))).toEqual(merged);
    expect(await bits(mergeAttention(gpu, { left: right, right: one }))).toEqual(merged);
  });

  test("a NaN among the values stays where it is, however little it weighs", async () => {
    const values = normal(b * t * h * dv, 1);
    values[11] = Number.NaN;
    const left = { ...one, out: transpose(tensor(gpu, [b, t, h, dv], values), [0, 2, 1, 3]) };
    const right = state(2, () => 1000);
    const { out } = mergeAttention(gpu, { left, right });
    const memory = await transpose(out, [0, 2, 1, 3]).read();
    expect(Array.from(memory.keys()).filter((i) => Number.isNaN(memory[i]))).toEqual([11]);
  });

  test("attention cut anywhere into three and merged in any order is the whole", async () => {
    const [g, s, d] = [1, 23, 8];
    const shapes = { q: [b, h, t, d], k: [b, g, s, d], v: [b, g, s, d] } as const;
    const values = (shape: readonly number[], seed: number) =>
      normal(
        shape.reduce((p, n) => p * n),
        seed,
      );
    const q = tensor(gpu, shapes.q, values(shapes.q, 1));
    const k = tensor(gpu, shapes.k, values(shapes.k, 2));
    const v = tensor(gpu, shapes.v, values(shapes.v, 3));
    const whole = reference({
      q: dense(shapes.q, await q.read()),
      k: dense(shapes.k, await k.read()),
      v: dense(shapes.v, await v.read()),
    });
    for (const cuts of [
      [0, 1, 2, s],
      [0, 7, 19, s],
    ]) {
      const parts = cuts.slice(1).map((end, i) => {
        const views = { q, k: slice(k, 2, cuts[i] ?? 0, end), v: slice(v, 2, cuts[i] ?? 0, end) };
        return attention(gpu, views, { variant: "naive", mask: "full", lse: true });
      });
      const [x, y, z] = parts as [State, State, State];
      for (const [p, q2, r] of [[x, y, z] as const, [z, x, y] as const]) {
        const merged = mergeAttention(gpu, { left: p, right: mergeAttention(gpu, { left: q2, right: r }) });
        assertClose(await merged.out.read(), whole.out.values, nmseCaps.f32, `out, cut at ${cuts}`);
        assertClose(await merged.lse.read(), whole.lse.values, nmseCaps.f32, `lse, cut at ${cuts}`);
      }
    }
  });

  test("the reference merges the reference's halves to its whole", () => {
    const [q, k, v] = [dense([1, 2, 3, 4], normal(24, 1)), dense([1, 1, 6, 4], normal(24, 2)), normal(24, 3)];
    const half = (begin: number) =>
      reference({
        q,
        k: dense([1, 1, 3, 4], k.values.slice(4 * begin, 4 * begin + 12)),
        v: dense([1, 1, 3, 4], v.slice(4 * begin, 4 * begin + 12)),
      });
    const whole = reference({ q, k, v: dense([1, 1, 6, 4], v) });
    const merged = referenceMerge({ left: half(0), right: half(3) });
    assertClose(merged.out.values, whole.out.values, 1e-28, "out");
    assertClose(merged.lse.values, whole.lse.values, 1e-28, "lse");
  });

  test("refuses what does not fit, and says so", () => {
    const call = (left: object) => () => mergeAttention(gpu, { left: left as State, right: two });
    expect(call({ out: one.out })).toThrow(/left has no lse; call attention with lse: true/);
    expect(call({ ...one, out: slice(one.out, 3, 0, 4) })).toThrow(
      /right is \[2, 3, 5, 8\], expected .* dv = 4 \(from left\)/,
    );
    expect(call({ ...one, out: transpose(one.out, [0, 1, 3, 2]) })).toThrow(/left.out has strides/);
    expect(call({ ...one, lse: slice(one.lse, 2, 0, 4) })).toThrow(/leftLse is \[2, 3, 4\], expected .* t = 5/);
  });
});
