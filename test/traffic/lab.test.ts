import { expect, test } from "vitest";
import { normal } from "../../src/check/random.ts";
import type { Dispatch } from "../../src/gpu/dispatch.ts";
import { mergeAttention } from "../../src/kernels/attention/merge.ts";
import { linearAttention } from "../../src/kernels/linear-attention/linear-attention.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { transpose } from "../../src/tensor/views.ts";
import { testGpu } from "../support/gpu.ts";
import { countTraffic } from "./count.ts";

const gpu = await testGpu({ features: [] });

const random = (shape: readonly number[], seed: number) =>
  tensor(
    gpu,
    shape,
    normal(
      shape.reduce((size, axis) => size * axis, 1),
      seed,
    ),
  );

/** What the buffers of a dispatch hold that it reads; what it requests does not depend on the numbers. */
const contentsOf = ({ bindings }: Dispatch): Record<string, Float32Array> =>
  Object.fromEntries(
    bindings
      .filter(({ name, access }) => access === "read" || name === "states")
      .map(({ name, bytes }, seed) => [name, Float32Array.from(normal(bytes / 4, seed + 1))]),
  );

/** Holds the figures of every dispatch against the interpreter's count: of operations those in multiply-adds. */
function check(record: () => unknown, multiplyAdds: readonly string[]): void {
  const { dispatches } = gpu.record(record);
  expect(dispatches.length).toBeGreaterThan(0);
  for (const dispatch of dispatches) {
    const counted = countTraffic(dispatch, contentsOf(dispatch));
    const { requestedBytes, executedFlops, flops } = dispatch.cost;
    expect(counted.requestedBytes, `${dispatch.kernel}: bytes requested`).toBe(requestedBytes);
    if (!multiplyAdds.includes(dispatch.kernel)) continue;
    expect(counted.executedFlops, `${dispatch.kernel}: operations executed`).toBe(executedFlops ?? flops);
  }
}

test.each([
  ["vectors", 8],
  ["single elements", 5],
] as const)("mergeAttention, %s", (_, dv) => {
  const [b, h, t] = [2, 3, 4];
  const state = (seed: number) => ({
    out: transpose(random([b, t, h, dv], seed), [0, 2, 1, 3]),
    lse: random([b, h, t], seed + 10),
  });
  check(() => mergeAttention(gpu, { left: state(1), right: state(2) }), []);
});

test.each([
  ["causal", 3, 70],
  ["causal", 5, 4],
  ["full", 3, 21],
] as const)("linearAttention, %s, %i queries, %i keys", (mask, t, s) => {
  const x = { q: random([1, 2, t, 5], 1), k: random([1, 1, s, 5], 2), v: random([1, 1, s, 3], 3) };
  const length = s - 1; // the last key is not in use
  check(() => linearAttention(gpu, x, { mask, length }), ["linear-attention/states", "linear-attention/read-out"]);
});
