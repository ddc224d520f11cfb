import { expect, test } from "vitest";
import { casesTagged } from "../../../src/check/case-table.ts";
import { ropeCases } from "../../../src/check/cases/attention/rope.ts";
import { checkCase } from "../../../src/check/check-case.ts";
import { normal } from "../../../src/check/random.ts";
import { rope } from "../../../src/kernels/rope/rope.ts";
import { ropeTable } from "../../../src/kernels/rope/table.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { slice, transpose } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu({ features: [] });
testCases(() => gpu, ropeCases);

// A device that takes so few workgroups in a row that all grids fold.
const narrow = await testGpu({ features: [], cap: { workgroups: 4 } });
test.each(casesTagged(ropeCases.cases, "folds").map((item) => [item.name, item] as const))(
  "rope on a folded grid: %s",
  async (_, item) => {
    for (const variant of ropeCases.variants) await checkCase(narrow, ropeCases, variant, item);
  },
);

test.each(["halves", "interleaved"] as const)("%s: vectors have the bits of pairs", async (layout) => {
  const x = tensor(gpu, [2, 3, 2, 20], normal(240, 1));
  const table = tensor(gpu, [8, 8, 2], ropeTable({ theta: 100, width: 16, positions: 8, scaling: { kind: "none" } }));
  for (const inverse of [false, true]) {
    const [pairs, vectors] = (["naive", "vectors"] as const).map((variant) =>
      rope(gpu, { x, table }, { layout, inverse, start: 3, variant }),
    );
    expect(await vectors?.y.read()).toEqual(await pairs?.y.read());
  }
});

test("heads that are no whole vectors are rotated by pairs", () => {
  const chosen = (width: number, x = tensor(gpu, [1, 2, 1, 12], new Float32Array(24))) => {
    const table = tensor(gpu, [2, width / 2, 2], new Float32Array(2 * width));
    return gpu.record(() => rope(gpu, { x, table }, { layout: "halves" })).calls[0]?.variant;
  };
  expect(chosen(8)).toBe("vectors");
  expect(chosen(4)).toBe("naive");
  expect(chosen(8, slice(tensor(gpu, [1, 2, 1, 14], new Float32Array(28)), 3, 2, 14))).toBe("naive");
});

test("rope refuses what does not fit, and says so", () => {
  const x = tensor(gpu, [1, 4, 2, 8], new Float32Array(64));
  const table = tensor(gpu, [6, 4, 2], new Float32Array(48));
  const wide = tensor(gpu, [6, 5, 2], new Float32Array(60));
  const positions = tensor(gpu, [1, 4], new Uint32Array(4), "u32");
  expect(() => rope(gpu, { x, table: wide }, { layout: "halves" })).toThrow(/rotates 10 elements of a head, x has 8/);
  const [many, zeros] = [
    tensor(gpu, [1, 9, 1, 8], new Float32Array(72)),
    tensor(gpu, [1, 9], new Uint32Array(9), "u32"),
  ];
  expect(rope(gpu, { x: many, table, positions: zeros }, { layout: "halves" }).y.shape).toEqual([1, 9, 1, 8]);
  expect(() => rope(gpu, { x, table }, { layout: "halves", start: 3 })).toThrow(/positions 3 to 6, expected 0 to 5/);
  expect(() => rope(gpu, { x, table, positions }, { layout: "halves", start: 0 })).toThrow(/one of positions, step/);
  expect(() => rope(gpu, { x: transpose(x), table }, { layout: "halves" })).toThrow(/strides \[64, 16, 1, 8\]/);
});
