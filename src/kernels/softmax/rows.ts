import onlineSource from "#shaders/softmax/online.wgsl";
import registersSource from "#shaders/softmax/registers.wgsl";
import workgroupSource from "#shaders/softmax/workgroup.wgsl";
import { defineKernel } from "../kernel.ts";
import { rowGrid, rowSpecialisation } from "../reduce/lanes.ts";
import { inRegisters, registerRows } from "../reduce/register-rows.ts";

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
