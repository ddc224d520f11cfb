import { fill } from "../../kernels/elementwise/fill.ts";
import { fill as reference } from "../../reference/elementwise.ts";
import { type CaseTable, withTags } from "../case-table.ts";

interface Options {
  readonly shape: readonly number[];
  readonly value: number;
}

const filled = (name: string, shape: readonly number[]) => ({ name, inputs: {}, options: { shape, value: -1.5 } });

export const fillCases: CaseTable<never, "y", Options, "fill"> = {
  op: "fill",
  variants: ["fill"],
  cap: 0,
  reference,
  run: (gpu, _, { shape, value, ...options }) => ({ y: fill(gpu, shape, value, "f32", options) }),
  cases: [
    filled("one element", [1]),
    filled("a scalar", []),
    filled("ragged", [3, 127]),
    filled("70,000 rows", [70_000, 3]),
    withTags(filled("folds: 32 workgroups", [2001]), "folds"),
    filled("nothing", [0, 5]),
  ],
};
