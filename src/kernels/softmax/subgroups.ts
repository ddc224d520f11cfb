import subgroupRegistersSource from "#shaders/softmax/subgroup-registers.wgsl";
import subgroupsSource from "#shaders/softmax/subgroups.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { defineKernel } from "../kernel.ts";
import { rowGrid, rowSpecialisation } from "../reduce/lanes.ts";
import { tooLong } from "../reduce/register-rows.ts";

/** Maximum length of a row: a thread of a subgroup of four adds up the sums of 128 steps one by one. */
const mostColumns = 8192;

type Tensors = { readonly x: Tensor };

const noFixedSize = "this device's subgroups have no fixed size";

const rows = {
  inputs: { x: "[...rows, cols]" },
  outputs: { y: "[...rows, cols]" },
  params: ({ rows, cols }: Readonly<Record<"rows" | "cols", number>>) => ({ rows, cols }),
  ...rowGrid,
} as const;

/** Rows of a subgroup: several where there are still subgroups for all cores. */
const rowsOf = (rows: number): number => (rows < 64 ? 1 : 8);

/** Softmax with a subgroup for each row, maximum and sum in one pass. */
export const subgroups = {
  requires: ["subgroups"],
  accepts: ({ x }: Tensors, _: object, { adapter }: Gpu): string | undefined => {
    if (adapter.subgroupSize === undefined) return noFixedSize;
    const cols = x.shape.at(-1) ?? 1;
    return cols > mostColumns ? `rows have ${cols} elements, expected at most ${mostColumns}` : undefined;
  },
  record: defineKernel({
    name: "softmax/subgroups",
    source: subgroupsSource,
    ...rows,
    specialise: ({ rows, cols }, _, { gpu }) => ({
      parts: rowSpecialisation(cols).parts ?? [],
      constants: { SUBGROUP: gpu.adapter.subgroupSize ?? 0, ROWS: rowsOf(rows) },
    }),
    // Of whole steps, each of which rescales the sum once.
    cost: ({ rows, cols }) => ({
      flops: 5 * rows * cols,
      executedFlops: 7.5 * rows * cols,
      requestedBytes: 12 * rows * cols,
    }),
  }),
} as const;

/** Vectors of a row that a subgroup of any size keeps in registers. */
const keptVectors = 32;

/** Softmax with a subgroup for each row, which it keeps in registers. */
export const subgroupRegisters = {
  requires: ["subgroups"],
  accepts: (tensors: Tensors, _: object, { adapter }: Gpu): string | undefined =>
    adapter.subgroupSize === undefined ? noFixedSize : tooLong(tensors, keptVectors),
  record: defineKernel({
    name: "softmax/subgroup-registers",
    source: subgroupRegistersSource,
    ...rows,
    specialise: ({ rows, cols }, _, { gpu }) => {
      const SUBGROUP = gpu.adapter.subgroupSize ?? 0;
      return {
        parts: rowSpecialisation(cols).parts ?? [],
        constants: { SUBGROUP, ROWS: rowsOf(rows), OWN: Math.ceil(keptVectors / SUBGROUP) },
      };
    },
    cost: ({ rows, cols }) => ({ flops: 5 * rows * cols, requestedBytes: 8 * rows * cols }),
  }),
} as const;
