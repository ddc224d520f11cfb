import { gather } from "../../kernels/embedding/gather.ts";
import { packedTypes } from "../../kernels/formats/formats.ts";
import { gather as reference } from "../../reference/embedding.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Case, CaseTable } from "../case-table.ts";
import { wholeBlocks } from "../packed.ts";
import { normal, randomSource } from "../random.ts";

/** `t` ids, the first and the last row among them, in a table `[v, c]`. */
const shape = (
  name: string,
  t: number,
  v: number,
  c: number,
  dtype: DType = "f32",
): Case<"ids" | "table", { scale?: number }> => {
  const source = randomSource(7);
  const ids = Array.from({ length: t }, (_, i) => (i === 0 ? v - 1 : i === 1 ? 0 : source.integer(v)));
  return {
    name,
    inputs: {
      ids: { shape: [t], values: ids, dtype: "u32" },
      table: { shape: [v, c], values: normal(v * c, 4), dtype },
    },
  };
};

export const gatherCases: CaseTable<"ids" | "table", "y", { scale?: number }, "gather"> = {
  op: "embedding",
  variants: ["gather"],
  // A byte times a scale may not be exact in f32: it is then rounded once, so the result is still determined.
  reference: (inputs, options) => {
    const { y } = reference(inputs, options);
    return { y: { ...y, values: y.values.map(Math.fround) } };
  },
  run: gather,
  cases: [
    shape("one element", 1, 1, 1),
    { ...shape("times a factor", 5, 7, 67), options: { scale: 55.5 } },
    shape("odd row, f16", 5, 7, 3, "f16"),
    shape("odd row, bf16", 5, 7, 3, "bf16"),
    shape("prime lengths", 31, 97, 67),
    shape("several workgroups per row, f16", 9, 300, 256, "f16"),
    shape("several workgroups per row and a remainder, bf16", 9, 50, 260, "bf16"),
    ...packedTypes.map((dtype) =>
      shape(`several workgroups a row and a rest, ${dtype}`, 9, 50, wholeBlocks(dtype, 288), dtype),
    ),
    shape("70,001 tokens: the grid folds, with a workgroup to spare", 70_001, 11, 3),
  ],
  cap: 0,
};
