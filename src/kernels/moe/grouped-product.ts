import groupedSource from "#shaders/moe/grouped.wgsl";
import subgroupsSource from "#shaders/moe/subgroups.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import { constantsOf, type Specialisation } from "../../gpu/shader/specialise.ts";
import { defineKernel } from "../define/kernel.ts";
import { weightPart } from "../formats/formats.ts";
import { columnsOf, type ExpertProduct, expertParts, expertWeights, seenRows } from "./expert-weights.ts";

// The experts' products over rows sorted by expert: the common part of their kernels.

/** Options of a grouped product. */
interface GroupedOptions extends ExpertProduct {
  /** Choices per token, k, where rows of x are tokens. Unset: rows are slots in `align`'s order. */
  readonly choices?: number;
  /** Number of slots, for the cost. */
  readonly slotCount: number;
}

/** The tile of a kernel: rows of a block, which are those of a workgroup, and its columns. */
interface ProductTile {
  readonly block: number;
  readonly columns: (gpu: Gpu) => number;
  /** Rows and columns whose loads are shared in registers, for the cost. */
  readonly shared: (gpu: Gpu) => readonly [rows: number, columns: number];
}

/** Index of a product's grid in the plan. */
const gridOf = ({ choices }: GroupedOptions) => (choices === undefined ? 1 : 0);

/** The record of a grouped product with this tile, its grid sized by the GPU or for the maximum number of blocks. */
function groupedProduct(
  shader: { readonly name: string; readonly source: ShaderModule },
  tile: ProductTile,
  grid: "indirect" | "bounded",
  constants: (gpu: Gpu) => NonNullable<Specialisation["constants"]> = () => ({}),
) {
  const across = (n: number, gpu: Gpu) => Math.ceil(n / tile.columns(gpu));
  const kernel = defineKernel({
    ...shader,
    inputs: {
      x: "[tokens, k]",
      ...expertWeights.inputs,
      slots: "[padded]",
      block_experts: "[blocks]",
      grids: "[two, four]",
    },
    outputs: { z: "[padded, columns]" },
    accepts: { ...expertWeights.accepts, slots: ["u32"], block_experts: ["u32"], grids: ["u32"] },
    segmented: expertWeights.segmented,
    ...(grid === "indirect"
      ? { indirect: { input: "grids", offset: (options: GroupedOptions) => 4 * gridOf(options) } }
      : {}),
    axes: ({ rows }, options: GroupedOptions) => ({ columns: columnsOf(rows, options).columns }),
    params: ({ k }, options, context) => ({
      k,
      n: columnsOf(context.segment.total, options).n,
      choices: options.choices ?? 1,
      ...seenRows(context),
    }),
    specialise: (_axes, options, context) => ({
      parts: expertParts(options, context),
      constants: {
        ...constants(context.gpu),
        GRID: gridOf(options),
        GATHERED: options.choices !== undefined,
        GATED: options.gated !== undefined,
      },
    }),
    workgroups: ({ blocks }, options, { segment, gpu }) => [across(columnsOf(segment.total, options).n, gpu), blocks],
    cost: ({ k, rows }, options, { dtypes, gpu }) => {
      // Counted without padding, which only the GPU knows.
      const outputs = (options.slotCount * rows) / options.count;
      const { four } = weightPart(dtypes["weight"], gpu);
      const [sharedRows, sharedColumns] = tile.shared(gpu);
      return {
        flops: 2 * k * outputs,
        requestedBytes: (outputs * k * (16 / sharedColumns + four / sharedRows)) / 4 + 4 * outputs,
      };
    },
  });
  return { kernel, block: tile.block, across };
}

export type GroupedProduct = ReturnType<typeof groupedProduct>;

const shader = { name: "moe/grouped", source: groupedSource };
const sizes = constantsOf(groupedSource, "BLOCK", "ROWS", "COLUMNS", "COLUMN_THREADS");
const tile: ProductTile = {
  block: sizes.BLOCK,
  columns: () => sizes.COLUMNS * sizes.COLUMN_THREADS,
  shared: () => [sizes.ROWS, sizes.COLUMNS],
};

/** In register tiles, over a grid sized by the GPU. */
export const indirectProduct = /* @__PURE__ */ groupedProduct(shader, tile, "indirect");

/** In register tiles, over a grid for the maximum number of blocks; those past the last return. */
export const boundedProduct = /* @__PURE__ */ groupedProduct(shader, tile, "bounded");

/** The largest number of rows per block of any grouped product. */
export const maxBlockRows = tile.block;

const subgroupTile = constantsOf(subgroupsSource, "BLOCK", "COLUMNS");

const sizeOf = (gpu: Gpu) => gpu.adapter.subgroupSize ?? 1;
const columns = (gpu: Gpu) => subgroupTile.COLUMNS * sizeOf(gpu);

/** In the registers of subgroups, over a grid sized by the GPU. */
export const subgroupProduct = /* @__PURE__ */ groupedProduct(
  { name: "moe/subgroups", source: subgroupsSource },
  { block: subgroupTile.BLOCK, columns, shared: (gpu) => [subgroupTile.BLOCK, columns(gpu)] },
  "indirect",
  (gpu) => ({ SUBGROUP: sizeOf(gpu) }),
);
