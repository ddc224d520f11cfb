import normaliseSource from "#shaders/softmax/normalise.wgsl";
import onlineSource from "#shaders/softmax/online.wgsl";
import registersSource from "#shaders/softmax/registers.wgsl";
import rowMaxSource from "#shaders/softmax/row-max.wgsl";
import rowSumSource from "#shaders/softmax/row-sum.wgsl";
import subgroupRegistersSource from "#shaders/softmax/subgroup-registers.wgsl";
import subgroupsSource from "#shaders/softmax/subgroups.wgsl";
import workgroupSource from "#shaders/softmax/workgroup.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { defineKernel } from "../define/kernel.ts";
import { inRegisters, registerRows, rowGrid, rowSpecialisation, tooLong } from "../reduce/lanes.ts";

const rowMax = defineKernel({
  name: "softmax/row-max",
  source: rowMaxSource,
  inputs: { x: "[...rows, cols]" },
  outputs: { largest: "[...rows]" },
  params: ({ rows, cols }) => ({ rows, cols }),
  threads: ({ rows }) => rows,
  cost: ({ rows, cols }) => ({ flops: rows * cols, requestedBytes: 4 * rows * cols + 4 * rows }),
});

const rowSum = defineKernel({
  name: "softmax/row-sum",
  source: rowSumSource,
  inputs: { x: "[...rows, cols]", largest: "[...rows]" },
  outputs: { sum: "[...rows]" },
  params: ({ rows, cols }) => ({ rows, cols }),
  threads: ({ rows }) => rows,
  cost: ({ rows, cols }) => ({ flops: 3 * rows * cols, requestedBytes: 4 * rows * cols + 8 * rows }),
});

const normalise = defineKernel({
  name: "softmax/normalise",
  source: normaliseSource,
  inputs: { x: "[...rows, cols]", largest: "[...rows]", sum: "[...rows]" },
  outputs: { y: "[...rows, cols]" },
  params: ({ rows, cols }) => ({ rows, cols }),
  threads: ({ rows, cols }) => rows * cols,
  cost: ({ rows, cols }) => ({ flops: 4 * rows * cols, requestedBytes: 16 * rows * cols }), // each thread divides
});

/** Softmax as three kernels with the maxima and sums of the rows in buffers between them: the one to read first. */
export const threePass = {
  workspace: ({ x }: { readonly x: Tensor }) => 8 * (x.size / Math.max(1, x.shape.at(-1) ?? 1)),
  record: (
    gpu: Gpu,
    { x }: { readonly x: Tensor },
    options: { readonly into?: { readonly y?: Tensor } },
  ): { readonly y: Tensor } => {
    const { largest } = rowMax(gpu, { x });
    const { sum } = rowSum(gpu, { x, largest });
    const { y } = normalise(gpu, { x, largest, sum }, options);
    largest.dispose();
    sum.dispose();
    return { y };
  },
};

/** Softmax with a row's maximum and sum reduced in workgroup memory. */
export const workgroup = {
  record: defineKernel({
    name: "softmax/workgroup",
    source: workgroupSource,
    inputs: { x: "[...rows, cols]" },
    outputs: { y: "[...rows, cols]" },
    params: ({ rows, cols }) => ({ rows, cols }),
    specialise: ({ cols }) => rowSpecialisation(cols),
    ...rowGrid,
    cost: ({ rows, cols }) => ({ flops: 5 * rows * cols, requestedBytes: 20 * rows * cols }),
  }),
};

/** Softmax with maximum and sum in one pass (Milakov and Gimelshein 2018, algorithm 3). */
export const online = {
  record: defineKernel({
    name: "softmax/online",
    source: onlineSource,
    inputs: { x: "[...rows, cols]" },
    outputs: { y: "[...rows, cols]" },
    params: ({ rows, cols }) => ({ rows, cols }),
    specialise: ({ cols }) => rowSpecialisation(cols),
    ...rowGrid,
    cost: ({ rows, cols }) => ({
      flops: 5 * rows * cols,
      executedFlops: 11 * rows * cols,
      requestedBytes: 12 * rows * cols,
    }),
  }),
};

/** Softmax with a row kept in registers, each thread some of it. */
export const registers = {
  ...inRegisters,
  record: defineKernel({
    name: "softmax/registers",
    source: registersSource,
    inputs: { x: "[...rows, cols]" },
    outputs: { y: "[...rows, cols]" },
    params: ({ rows, cols }) => ({ rows, cols }),
    specialise: ({ cols }) => registerRows(cols),
    ...rowGrid,
    cost: ({ rows, cols }) => ({ flops: 5 * rows * cols, requestedBytes: 8 * rows * cols }),
  }),
};

/** Maximum length of a row: a thread of a subgroup of four adds up the sums of 128 steps one by one. */
const maxColumns = 8192;

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
    return cols > maxColumns ? `rows have ${cols} elements, expected at most ${maxColumns}` : undefined;
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
