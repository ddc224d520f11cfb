import { softmax } from "../../../kernels/softmax/softmax.ts";
import { softmax as reference } from "../../../reference/softmax.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Case, type CaseTable, requirementsOf, variantsOf, withTags } from "../../case-table.ts";
import { softmax as emulation } from "../../emulation/rows.ts";
import { inRuns } from "../../emulation/sums.ts";
import { allowedUlps } from "../../gate.ts";
import { normal } from "../../random.ts";

const shape = (
  name: string,
  leading: number[],
  cols: number,
  change: (value: number, col: number, row: number) => number = (value) => value,
): Case<"x"> => {
  const values = normal(sizeOf(leading) * cols, 1).map((value, i) => change(value, i % cols, Math.floor(i / cols)));
  return { name, inputs: { x: { shape: [...leading, cols], values } }, refusedBy: refusing(cols) };
};

/** Variants that refuse rows of `cols` elements: for lack of registers, or because a thread would add up too many. */
function refusing(cols: number): readonly string[] {
  const loads = cols % 4 === 0 ? cols / 4 : cols;
  return [
    ...(loads > 32 ? ["subgroupRegisters"] : []),
    ...(loads > 1024 ? ["registers"] : []),
    ...(cols > 8192 ? ["subgroups"] : []),
  ];
}

const lowest = -3.4028234663852886e38;

const cases = [
  shape("one element", [1], 1),
  shape("ragged: 3 rows of 127", [3], 127),
  shape("two leading axes, prime width", [2, 5], 257),
  shape("several strides per thread", [9], 1000),
  shape("a row for all threads", [3], 1028),
  shape("a row for all threads, one element per load", [2], 1031),
  shape("eight loads of a thread", [2], 3000),
  shape("whole steps of a subgroup and more", [2], 532),
  shape("kept by a subgroup", [7], 120),
  shape("the most elements that a subgroup reads", [1], 8192),
  shape("a vocabulary", [2], 32_000),
  // A weight of 5·10⁻⁸ is lost where it is added element by element to a sum of 1.
  {
    ...shape("one element 16.9 above all others, 131,072", [1], 131_072, (_, col) => (col === 3 ? 8 : -8.9)),
    bounds: { results: { y: { relative: 2e-5 } } },
  },
  shape("70,000 rows, several per workgroup", [70_000], 3),
  withTags(shape("folds: 10, 19 and 38 workgroups", [600], 4), "folds"),
  shape("outliers ×20", [4], 512, (value, col) => (col % 100 === 7 ? 20 * value : value)),
  shape("large values: exp alone would overflow", [3], 200, (value) => 1e4 + 30 * value),
  shape("growing rows: every step rescales", [3], 300, (value, col) => value + col),
  shape("masked: rows with −∞, one entirely", [5], 96, (value, col, row) =>
    row === 2 || col > 10 * row + 3 ? Number.NEGATIVE_INFINITY : value,
  ),
  shape("an unmasked element last", [3], 1028, (value, col) => (col < 1027 ? Number.NEGATIVE_INFINITY : value)),
  shape("the lowest floats", [2], 40, (_, col) => (col === 5 ? 0.999 * lowest : lowest)),
  shape("both ends of the range", [2], 40, (_, col) => (col % 2 === 0 ? lowest : -lowest)),
  shape("NaN stays in its row", [5], 36, (value, col, row) => (row === 3 && col === 20 ? Number.NaN : value)),
  shape("only NaN", [3], 36, (value, _, row) => (row === 1 ? Number.NaN : value)),
  shape("NaN in a masked row", [3], 36, (value, col, row) =>
    row !== 1 ? value : col === 30 ? Number.NaN : Number.NEGATIVE_INFINITY,
  ),
  shape("+∞ makes a row NaN", [3], 36, (value, col, row) =>
    row === 1 && col === 9 ? Number.POSITIVE_INFINITY : value,
  ),
];

export const softmaxCases: CaseTable<"x", "y", object, keyof typeof softmax.variants> = {
  op: "softmax",
  variants: variantsOf(softmax),
  requires: (variant) => requirementsOf(softmax, variant),
  reference,
  run: (gpu, tensors, options, variant) => softmax(gpu, tensors, { ...options, variant }),
  gate: {
    emulation: (inputs, _, sum) => emulation(inputs, sum),
    sum: () => inRuns,
    allowed: () => allowedUlps.exp(0) + allowedUlps.division,
  },
  cases,
};
