import countSource from "#shaders/moe/align/count.wgsl";
import naiveSource from "#shaders/moe/align/naive.wgsl";
import placeSource from "#shaders/moe/align/place.wgsl";
import scanSource from "#shaders/moe/align/scan.wgsl";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { fieldsOf, integer, listOf, required, size } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tensorFields } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { defineOp, type Variant } from "../define/op.ts";

/** The input of `align`: experts u32 `[t, k]`; an id of `count` or more is no expert. */
export interface AlignTensors {
  readonly experts: Tensor;
}

export interface AlignOptions {
  /** Number of experts, e. */
  readonly count: number;
  /** Rows per block. */
  readonly block: number;
  /** Maximum number of slots of an expert; those of later tokens are dropped. Default: all. */
  readonly capacity?: number;
  /** Workgroups along the columns of the gate-up product and of the down product. Default 1. */
  readonly across?: readonly [gateUp: number, down: number];
}

/** The work of the experts; all u32. A slot is `token · k + choice`. */
export interface Aligned {
  /** Number of slots of each expert `[e]`. */
  readonly counts: Tensor;
  /** Where each expert's slots begin in `slots`, multiples of the block, and the end `[e + 1]`. */
  readonly offsets: Tensor;
  /**
   * Slots sorted by expert, in order within each; the rest of an expert's last block is 0xffffffff. `[rows]`, valid up
   * to the end.
   */
  readonly slots: Tensor;
  /** The expert of each block `[rows / block]`, valid up to the end. */
  readonly blockExperts: Tensor;
  /** Grids for an indirect dispatch of the gate-up and the down product `[2, 4]`: x, y, z, and y once more. */
  readonly grids: Tensor;
  /** Index of each slot in `slots`, or 0xffffffff for one without an expert or dropped `[t, k]`. */
  readonly positions: Tensor;
}

/** Slots of a chunk, which the three kernels of the counting sort share. */
const chunk = constantsOf(countSource, "CHUNK");

/** The maximum number of blocks for `slots` slots of `count` experts. */
export const maxBlocks = (slots: number, count: number, block: number): number =>
  Math.floor((slots + Math.min(slots, count) * (block - 1)) / block);

type Axes = Readonly<Record<"t" | "k", number>>;

const planned = {
  outputs: {
    counts: "[e]",
    offsets: "[ends]",
    slots: "[rows]",
    block_experts: "[blocks]",
    grids: "[two, four]",
  },
  dtypes: () =>
    ({ counts: "u32", offsets: "u32", slots: "u32", block_experts: "u32", grids: "u32", positions: "u32" }) as const,
  params: (slots: number, { capacity = slots, across = [1, 1] }: AlignOptions) => ({
    slots,
    capacity,
    gate_up_across: across[0],
    down_across: across[1],
  }),
  sizes: (slots: number, { count, block }: AlignOptions) => {
    const blocks = maxBlocks(slots, count, block);
    return { e: count, ends: count + 1, rows: blocks * block, blocks, two: 2, four: 4 };
  },
} as const;

const naiveKernel = defineKernel({
  name: "moe/align/naive",
  source: naiveSource,
  inputs: { experts: "[t, k]" },
  outputs: { ...planned.outputs, positions: "[t, k]" },
  accepts: { experts: ["u32"] },
  dtypes: planned.dtypes,
  axes: ({ t, k }: Axes, options: AlignOptions) => planned.sizes(t * k, options),
  params: ({ t, k }: Axes, options) => planned.params(t * k, options),
  specialise: (_axes, { count, block }) => ({ constants: { EXPERTS: count, BLOCK: block } }),
  workgroups: () => [1, 1],
  cost: ({ t, k }: Axes, { count }) => ({ flops: 0, requestedBytes: 8 * count * t * k }),
});

const countKernel = defineKernel({
  name: "moe/align/count",
  source: countSource,
  inputs: { experts: "[t, k]" },
  outputs: { chunk_counts: "[chunks, e]" },
  accepts: { experts: ["u32"] },
  dtypes: () => ({ chunk_counts: "u32" }),
  axes: ({ t, k }: Axes, { count }: AlignOptions) => ({ chunks: Math.ceil((t * k) / chunk.CHUNK), e: count }),
  params: ({ t, k }: Axes) => ({ slots: t * k }),
  specialise: (_axes, { count }) => ({ constants: { EXPERTS: count, ...chunk } }),
  workgroups: ({ t, k }: Axes) => [Math.ceil((t * k) / chunk.CHUNK), 1],
  cost: ({ t, k }: Axes, { count }) => ({
    flops: 0,
    requestedBytes: 4 * (t * k + Math.ceil((t * k) / chunk.CHUNK) * count),
  }),
});

const scanKernel = defineKernel({
  name: "moe/align/scan",
  source: scanSource,
  inputs: {},
  inout: { chunk_counts: "[chunks, experts]" },
  outputs: planned.outputs,
  accepts: { chunk_counts: ["u32"] },
  dtypes: planned.dtypes,
  axes: (_axes, { slotCount, ...options }: AlignOptions & { readonly slotCount: number }) =>
    planned.sizes(slotCount, options),
  params: (_axes, { slotCount, ...options }) => planned.params(slotCount, options),
  specialise: (_axes, { count, block }) => ({
    constants: { EXPERTS: count, BLOCK: block, ...chunk },
  }),
  workgroups: () => [1, 1],
  cost: ({ chunks, experts }) => ({ flops: 0, requestedBytes: 8 * chunks * experts }),
});

const placeKernel = defineKernel({
  name: "moe/align/place",
  source: placeSource,
  inputs: { experts: "[t, k]", chunk_counts: "[chunks, e]", offsets: "[ends]" },
  inout: { slots: "[rows]" },
  outputs: { positions: "[t, k]" },
  accepts: { experts: ["u32"], chunk_counts: ["u32"], offsets: ["u32"], slots: ["u32"] },
  dtypes: () => ({ positions: "u32" }),
  params: ({ t, k }: Axes, { capacity = t * k }: AlignOptions) => ({ slots: t * k, capacity }),
  specialise: (_axes, { count }) => ({ constants: { EXPERTS: count, ...chunk } }),
  workgroups: ({ t, k }: Axes) => [Math.ceil((t * k) / chunk.CHUNK), 1],
  cost: ({ t, k }: Axes) => ({ flops: 0, requestedBytes: 24 * t * k }),
});

type AlignVariant = Variant<AlignTensors, AlignOptions, Aligned>;

/** One workgroup that goes over all slots for each expert. */
const naive: AlignVariant = {
  record: (gpu, tensors, options) => {
    const { block_experts: blockExperts, ...plan } = naiveKernel(gpu, { experts: tensors.experts }, options);
    return { ...plan, blockExperts };
  },
};

/** A counting sort in chunks, in three kernels. */
const sorted: AlignVariant = {
  record: (gpu, { experts }, options) => {
    using scope = gpu.scope();
    const { chunk_counts } = countKernel(gpu, { experts }, options);
    const slotCount = experts.size;
    const { block_experts, ...plan } = scanKernel(gpu, { chunk_counts }, { ...options, slotCount });
    const { counts, offsets, slots, grids } = plan;
    const { positions } = placeKernel(gpu, { experts, chunk_counts, offsets, slots }, options);
    const all = { counts, offsets, slots, blockExperts: block_experts, grids, positions };
    for (const tensor of Object.values(all)) scope.keep(tensor);
    return all;
  },
};

const variants = { naive, sorted } as const;

const fields = fieldsOf<AlignOptions>({
  count: required(integer(1, 2 ** 32 - 1)),
  block: required(integer(1, 2 ** 32 - 1)),
  capacity: integer(1, 2 ** 32 - 1),
  across: listOf(size, 2),
});

/** The number of reads per thread above which three kernels are faster than one workgroup. */
const manyReads = 4096;

/**
 * Sorts the tokens' choices stably by expert and pads each expert's to whole blocks, so that one dispatch can compute
 * the products of all experts (MegaBlocks, Gale et al. 2022; `moe_align_block_size` of vLLM). experts u32 `[t, k]` →
 * `Aligned`. Nothing is read back: the grids of the products are among the results. Throws `OptionError` for options
 * that are not valid counts.
 */
export const align = defineOp<AlignTensors, AlignOptions, Aligned, typeof variants>(
  {
    name: "moe/align",
    variants,
    order: ({ experts }, { count }) => {
      const { WORKGROUP } = constantsOf(naiveSource, "WORKGROUP");
      return experts.size * Math.ceil(count / WORKGROUP) > manyReads ? ["sorted"] : ["naive"];
    },
  },
  { tensors: tensorFields("experts"), options: fields },
);
