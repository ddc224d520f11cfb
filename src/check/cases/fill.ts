import { fill } from "../../kernels/elementwise/fill.ts";
import { fill as reference } from "../../reference/elementwise.ts";
import type { CaseTable } from "../case-table.ts";

const shapes: readonly (readonly [string, readonly number[]])[] = [
  ["one element", [1]],
  ["a scalar", []],
  ["ragged", [3, 127]],
  ["70,000 rows", [70_000, 3]],
  ["folds: 32 workgroups", [2001]],
  ["nothing", [0, 5]],
];

export const fillCases: CaseTable = {
  op: "fill",
  reference: (_, options) => ({ ...reference({}, options as never) }),
  variants: {
    fill: (gpu, _, { shape, value, ...options }) => ({
      y: fill(gpu, shape as number[], value as number, "f32", options),
    }),
  },
  cases: shapes.map(([name, shape]) => ({ name, inputs: {}, options: { shape, value: -1.5 } })),
  cap: 0,
};
