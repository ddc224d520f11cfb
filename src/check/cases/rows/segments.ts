import { reduceSegments } from "../../../kernels/reduce/segments.ts";
import { segments as reference } from "../../../reference/segments.ts";
import type { Case, CaseTable } from "../../case-table.ts";
import { nmseCaps } from "../../compare.ts";
import { normal } from "../../random.ts";

type Options = { operation: "sum" | "max" };

/** Segments of these lengths of rows of `c`; the weight of row t is `weight(t)`. */
const shape = (
  name: string,
  lengths: readonly number[],
  c: number,
  options: Options,
  weight: (row: number) => number = (row) => (row % 3 === 1 ? 0 : 0.25 + (row % 5)),
): Case<"x" | "weights" | "offsets", Options> => {
  const offsets = [0];
  for (const length of lengths) offsets.push((offsets.at(-1) ?? 0) + length);
  const t = offsets.at(-1) ?? 0;
  const weights = Array.from({ length: t }, (_, row) => weight(row));
  // Rows of weight 0 hold values that must not be read.
  const values = normal(t * c, 5).map((value, i) => (weights[Math.floor(i / c)] === 0 ? Number.NaN : value));
  return {
    name: `${options.operation}: ${name}`,
    inputs: {
      x: { shape: [t, c], values },
      weights: { shape: [t], values: weights },
      offsets: { shape: [offsets.length], values: offsets, dtype: "u32" },
    },
    options,
  };
};

const both = (name: string, lengths: readonly number[], c: number, weight?: (row: number) => number) =>
  (["sum", "max"] as const).map((operation) => shape(name, lengths, c, { operation }, weight));
const ones = () => 1;

export const segmentCases: CaseTable<"x" | "weights" | "offsets", "y", Options, "thread"> = {
  op: "segments",
  variants: ["thread"],
  reference,
  run: reduceSegments,
  cap: nmseCaps.f32,
  cases: [
    ...both("one element", [1], 1, ones),
    ...both("a segment without rows, and one whose rows do not count", [2, 0, 3, 1, 1], 5),
    ...both("ragged lengths, prime width", [7, 31, 33, 64, 1], 67),
    ...both("several workgroups a segment", [5, 40], 260),
    ...both("a long segment: runs of runs", [1200, 3], 7, ones),
    shape("weights of either sign", [9, 4], 12, { operation: "sum" }, (row) => (row % 2 === 0 ? -1.5 : 2)),
  ],
};
