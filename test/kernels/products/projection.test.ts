import { expect, test } from "vitest";
import { projectionCases } from "../../../src/check/cases/products/projection.ts";
import { normal } from "../../../src/check/random.ts";
import { projection } from "../../../src/kernels/matmul/projection.ts";
import { ShapeError } from "../../../src/tensor/shape.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();

testCases(() => gpu, projectionCases);

test.skipIf(gpu.adapter.subgroupSize === undefined)(
  "a row's result is the same to the bit alone and in a batch",
  async () => {
    const [k, n] = [72, 21];
    const weight = tensor(gpu, [2 * n, k], normal(2 * n * k, 1), "f16");
    const norm = tensor(gpu, [k], normal(k, 2));
    const values = normal(8 * k, 3);
    const result = async (first: number, rows: number) => {
      const x = tensor(gpu, [rows, k], values.slice(first * k, (first + rows) * k));
      const options = { eps: 1e-5, gate: "silu", variant: "fused" } as const;
      return [...(await projection(gpu, { x, weight, norm }, options).y.readStored())];
    };
    const alone: number[] = [];
    for (let row = 0; row < 8; row++) alone.push(...(await result(row, 1)));
    expect(await result(0, 8)).toEqual(alone);
    expect(await result(2, 3)).toEqual(alone.slice(2 * n, 5 * n));
  },
);

test("mistakes are named", () => {
  const x = tensor(gpu, [1, 8], new Float64Array(8));
  const weight = tensor(gpu, [3, 8], new Float64Array(24));
  for (const variant of ["fused", "chain"] as const) {
    if (variant === "fused" && gpu.adapter.subgroupSize === undefined) continue;
    expect(() => projection(gpu, { x, weight }, { gate: "silu", variant }), variant).toThrow(
      "projection: weight is [3, 8], expected two rows for each gated result",
    );
    expect(() => projection(gpu, { x, weight, residual: x }, { variant }), variant).toThrow(ShapeError);
  }
});
