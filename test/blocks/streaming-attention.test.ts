import { describe, expect, test } from "vitest";
import { streamingAttention } from "../../src/blocks/streaming-attention.ts";
import { swapTokensAndHeads } from "../../src/check/cases/attention/problem.ts";
import { assertClose, nmseCaps } from "../../src/check/compare.ts";
import { normal } from "../../src/check/random.ts";
import { stepOf } from "../../src/check/step.ts";
import { appendKv } from "../../src/kernels/kv-cache/append.ts";
import { ropeTable } from "../../src/kernels/rope/table.ts";
import { attention as reference } from "../../src/reference/attention/attention.ts";
import { ringPositions } from "../../src/reference/attention/kv-cache.ts";
import { causal } from "../../src/reference/attention/masks.ts";
import { dense } from "../../src/reference/dense.ts";
import { rope } from "../../src/reference/rope.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { transpose } from "../../src/tensor/views.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const gpu = await quickGpu({ features: [] });
const [h, g, d, slots, sinks] = [4, 2, 16, 24, 4];
const size = (shape: readonly number[]) => shape.reduce((product, axis) => product * axis, 1);
const random = (shape: readonly number[], seed: number) => dense(shape, normal(size(shape), seed).map(Math.fround));
const given = ({ shape, values }: ReturnType<typeof random>) => tensor(gpu, shape, values);
const table = dense(
  [slots, d / 2, 2],
  ropeTable({ theta: 10000, width: d, positions: slots, scaling: { kind: "none" } }),
);

/** Text of this length, its keys and values `[1, length, g, d]`; what streaming makes of it for the last t queries. */
function problem(length: number, t: number) {
  const [k, v, q] = [random([1, length, g, d], 1), random([1, length, g, d], 2), random([1, t, h, d], 3)];
  const kept = ringPositions(length, { slots, sinks });
  const pick = (x: typeof k) =>
    dense(
      [1, kept.length, g, d],
      kept.flatMap((position) => [...x.values.slice(position * g * d, (position + 1) * g * d)]),
    );
  const turn = (x: typeof k, start: number) => rope({ x, table }, { layout: "halves", start }).y;
  const { out } = reference(
    {
      q: swapTokensAndHeads(turn(q, kept.length - t)),
      k: swapTokensAndHeads(turn(pick(k), 0)),
      v: swapTokensAndHeads(pick(v)),
    },
    { mask: causal },
  );
  return { q, k, v, expected: out.values };
}

/** A cache that was filled piece by piece, as a stream comes. */
function cache(b: number) {
  const unused = () => tensor(gpu, [b, g, slots, d], new Float32Array(b * g * slots * d).fill(Number.NaN));
  return { keys: unused(), values: unused() };
}

describe("streaming attention", () => {
  test.each([
    [9, 9],
    [24, 1],
    [25, 1],
    [61, 3],
    [203, 20],
  ])("%d tokens, the last %d of them queries", async (length, t) => {
    const { q, k, v, expected } = problem(length, t);
    const { keys, values } = cache(1);
    for (let start = 0; start < length; start += 7) {
      const piece = (x: typeof k) => {
        const end = Math.min(length, start + 7);
        return given(dense([1, end - start, g, d], x.values.slice(start * g * d, end * g * d)));
      };
      appendKv(gpu, { k: piece(k), v: piece(v), keys, values }, { start, layout: { kind: "ring", sinks } });
    }
    const tensors = { q: transpose(given(q), [0, 2, 1, 3]), keys, values, table: given(table) };
    const { out } = streamingAttention(gpu, tensors, { sinks, length });
    assertClose(await out.read(), expected, nmseCaps.f32, "out");
  });

  test("by the step: a row that has wrapped and one that has not", async () => {
    const problems = [problem(100, 1), problem(11, 1)];
    const { keys, values } = cache(2);
    const layout = { kind: "ring", sinks } as const;
    for (let position = 0; position < 100; position++) {
      const rows = problems.map(({ k }) => (position < (k.shape[1] ?? 0) ? 1 : 0));
      const at = (name: "k" | "v") =>
        given(
          dense(
            [2, 1, g, d],
            problems.flatMap((one) =>
              Array.from({ length: g * d }, (_, i) => one[name].values[position * g * d + i] ?? 0),
            ),
          ),
        );
      const step = stepOf(
        gpu,
        rows.map((tokens) => [position, tokens] as const),
      );
      appendKv(gpu, { k: at("k"), v: at("v"), keys, values, step }, { layout });
    }
    const q = transpose(
      given(
        dense(
          [2, 1, h, d],
          problems.flatMap((one) => [...one.q.values]),
        ),
      ),
      [0, 2, 1, 3],
    );
    const step = stepOf(gpu, [
      [99, 1],
      [10, 1],
    ]);
    const { out } = streamingAttention(gpu, { q, keys, values, table: given(table), step }, { sinks });
    assertClose(
      await out.read(),
      problems.flatMap(({ expected }) => [...expected]),
      nmseCaps.f32,
      "out",
    );
  });

  test("refuses what has no place in the cache", () => {
    const { q } = problem(21, 21);
    const tensors = { q: transpose(given(q), [0, 2, 1, 3]), ...cache(1), table: given(table) };
    expect(() => streamingAttention(gpu, tensors, { sinks, length: 30 })).toThrow(/21 queries, expected at most 20/);
    expect(() => streamingAttention(gpu, tensors, { sinks: 2 })).toThrow(/expected a step or a length/);
    const short = given(dense([20, d / 2, 2], table.values.slice(0, 20 * d)));
    expect(() => streamingAttention(gpu, { ...tensors, table: short }, { sinks: 2, length: 30 })).toThrow(
      /table is \[20, 8, 2\], expected a position for each of 24 slots/,
    );
  });
});
