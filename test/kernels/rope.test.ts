import { expect, test } from "vitest";
import { rope } from "../../src/kernels/rope/rope.ts";
import { ropeTable } from "../../src/kernels/rope/table.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { ropeCases } from "../cases/rope.ts";
import { testGpu } from "../support/gpu.ts";
import { normal } from "../support/random.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, ropeCases);

test("the step's positions turn as given ones do, row by row", async () => {
  const x = tensor(gpu, [2, 3, 2, 16], normal(192, 5));
  const values = ropeTable({ theta: 10000, width: 16, scaling: { kind: "none" }, positions: 64 });
  const table = tensor(gpu, [64, 8, 2], values);
  const step = new Uint32Array(256);
  step.set([7, 3, 0, 0, 40, 3, 0, 0]);
  const byStep = rope(gpu, { x, table, step: tensor(gpu, [64, 4], step, "u32") }, { layout: "halves" });
  const positions = tensor(gpu, [2, 3], [7, 8, 9, 40, 41, 42], "u32");
  const given = rope(gpu, { x, table, positions }, { layout: "halves" });
  expect(await byStep.y.read()).toEqual(await given.y.read());
});

test("a table wider than the heads is refused", () => {
  const x = tensor(gpu, [1, 1, 1, 8], normal(8, 1));
  const table = tensor(gpu, [2, 5, 2], normal(20, 1));
  expect(() => rope(gpu, { x, table }, { layout: "halves" })).toThrow("rope/halves: the table turns 10 elements");
});
