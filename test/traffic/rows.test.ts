import { expect, test } from "vitest";
import { normal } from "../../src/check/random.ts";
import { addLayerNorm, layerNorm } from "../../src/kernels/norm/layer-norm.ts";
import { addRmsNorm, rmsNorm } from "../../src/kernels/norm/rms-norm.ts";
import { softmax } from "../../src/kernels/softmax/softmax.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { testGpu } from "../support/gpu.ts";
import { countTraffic } from "./count.ts";

const gpu = await testGpu({ features: [] });
const options = { eps: 1e-5 };

const random = (shape: readonly number[], seed: number) =>
  tensor(
    gpu,
    shape,
    normal(
      shape.reduce((size, axis) => size * axis, 1),
      seed,
    ),
  );

/** Holds the bytes of every dispatch against the interpreter's count. */
function check(record: () => unknown): void {
  const dispatches = gpu.record(record).calls.flatMap((call) => call.dispatches);
  expect(dispatches.length).toBeGreaterThan(0);
  for (const dispatch of dispatches) {
    const read = dispatch.bindings.filter(({ access }) => access === "read");
    const values = read.map(({ name, bytes }, seed) => [name, Float32Array.from(normal(bytes / 4, seed + 1))]);
    const { requestedBytes } = countTraffic(dispatch, Object.fromEntries(values));
    expect(requestedBytes, `${dispatch.kernel}: bytes requested`).toBe(dispatch.cost.requestedBytes);
  }
}

// Rows that share a workgroup, of 4 and of 16 threads, in fours and one by one.
const shapes = [
  [3, 24],
  [2, 7],
  [2, 68],
] as const;

test.each(shapes)("norms of %i rows of %i request what their costs say", (rows, cols) => {
  const [x, residual] = [random([rows, cols], 1), random([rows, cols], 2)];
  const [weight, bias] = [random([cols], 3), random([cols], 4)];
  for (const variant of ["workgroup", "registers"] as const) {
    check(() => rmsNorm(gpu, { x, weight }, { ...options, variant }));
    check(() => addRmsNorm(gpu, { x, residual, weight }, { ...options, variant }));
    check(() => layerNorm(gpu, { x, weight }, { ...options, variant }));
    check(() => layerNorm(gpu, { x, weight, bias }, { ...options, variant }));
    check(() => addLayerNorm(gpu, { x, residual, weight, bias }, { ...options, variant }));
  }
});

test.each(shapes)("softmax of %i rows of %i requests what its costs say", (rows, cols) => {
  const x = random([rows, cols], 1);
  for (const variant of ["threePass", "workgroup", "online", "registers"] as const) {
    check(() => softmax(gpu, { x }, { variant }));
  }
});
