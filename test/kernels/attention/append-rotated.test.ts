import { expect, test } from "vitest";
import { appendRotatedCases } from "../../../src/check/cases/attention/append-rotated.ts";
import { normal } from "../../../src/check/random.ts";
import { stepOf } from "../../../src/check/step.ts";
import { appendRotated } from "../../../src/kernels/kv-cache/append-rotated.ts";
import { ropeTable } from "../../../src/kernels/rope/table.ts";
import { tensor, zeros } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();

for (const table of appendRotatedCases) testCases(() => gpu, table);

const table = tensor(gpu, [8, 4, 2], ropeTable({ theta: 100, width: 8, positions: 8, scaling: { kind: "none" } }));
const heads = (count: number, seed: number) => tensor(gpu, [2, 1, count, 8], normal(2 * count * 8, seed));

test("the fused kernel has the bits of the chain, in a ring and in pages too", async () => {
  const step = stepOf(gpu, [
    [2, 1],
    [7, 1],
  ]);
  const blockTable = tensor(gpu, [2, 2], [1, 0, 3, 2], "u32");
  const layouts = [
    [undefined, [2, 1, 8, 8]],
    [{ kind: "ring", sinks: 1 }, [2, 1, 4, 8]],
    [{ kind: "paged", blockTable }, [4, 1, 4, 8]],
  ] as const;
  for (const [layout, shape] of layouts) {
    const results = [];
    for (const variant of ["chain", "fused"] as const) {
      const cache = { keys: zeros(gpu, shape, "f16"), values: zeros(gpu, shape, "f16") };
      const fresh = { q: heads(3, 1), k: heads(1, 2), v: heads(1, 3) };
      const options = { pairing: "halves", variant, ...(layout ? { layout } : {}) } as const;
      const { q } = appendRotated(gpu, { ...fresh, ...cache, table, step }, options);
      results.push([await q.read(), await cache.keys.read(), await cache.values.read()]);
    }
    expect(results[1], layout?.kind ?? "contiguous").toEqual(results[0]);
    expect(results[0]?.[1]?.some((value) => value !== 0)).toBe(true);
  }
});

test("a cache of integers takes the chain", () => {
  const keys = zeros(gpu, [2, 1, 8, 2], "u32");
  const scales = zeros(gpu, [2, 1, 8]);
  const values = zeros(gpu, [2, 1, 8, 2], "u32");
  const tensors = {
    q: heads(3, 1),
    k: heads(1, 2),
    v: heads(1, 3),
    table,
    keys,
    values,
    kScale: scales,
    vScale: zeros(gpu, [2, 1, 8]),
  };
  expect(() => appendRotated(gpu, tensors, { pairing: "halves", variant: "fused" })).toThrow("the cache has scales");
  expect(gpu.record(() => appendRotated(gpu, tensors, { pairing: "halves" })).calls[0]?.variant).toBe("chain");
});

test("mistakes are named", () => {
  const cache = { keys: zeros(gpu, [2, 1, 8, 8]), values: zeros(gpu, [2, 1, 8, 8]) };
  const fresh = { q: heads(3, 1), k: heads(1, 2), v: heads(1, 3) };
  const call = (start: number) => () =>
    appendRotated(gpu, { ...fresh, ...cache, table }, { pairing: "halves", start, variant: "fused" });
  expect(call(8)).toThrow("positions 8 to 8, expected 0 to 7");
});
