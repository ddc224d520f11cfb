import source from "#shaders/moe/grouped.wgsl";
import { defineKernel } from "../kernel.ts";
import { weightLoadBytes, weightPart } from "../matmul/weight-part.ts";
import { columnsOf, type ExpertProduct, expertParts, expertWeights, seenRows } from "./expert-weights.ts";

const tile = { rows: 4, columns: 8 }; // of a thread
const threads = { across: 8, down: 8 };

/** Rows of a block: those of a workgroup. */
export const blockRows = tile.rows * threads.down;

/** Workgroups along `n` columns. */
export const acrossOf = (n: number): number => Math.ceil(n / (tile.columns * threads.across));

/** What the grouped product is told. */
export interface GroupedOptions extends ExpertProduct {
  /** Choices of a token, k: rows of x are tokens. Unset: they are slots, as align has sorted them. */
  readonly choices?: number;
  /** Slots that there are, for the figures of cost. */
  readonly slotCount: number;
}

const record = {
  name: "moe/grouped",
  source,
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
} as const;

/** Which grid of the plan a product has. */
const gridOf = ({ choices }: GroupedOptions) => (choices === undefined ? 1 : 0);

const define = (indirect: boolean) =>
  defineKernel({
    ...record,
    ...(indirect ? { indirect: { input: "grids", offset: (options: GroupedOptions) => 4 * gridOf(options) } } : {}),
    axes: ({ rows }, options: GroupedOptions) => ({ columns: columnsOf(rows, options).columns }),
    params: ({ k }, options, context) => ({
      k,
      n: columnsOf(context.segment.total, options).n,
      choices: options.choices ?? 1,
      ...seenRows(context),
    }),
    specialise: (_axes, options, context) => ({
      parts: [...expertParts(options, context), `moe/rows/${options.choices === undefined ? "aligned" : "gathered"}`],
      constants: {
        ROWS: tile.rows,
        COLUMNS: tile.columns,
        ACROSS: threads.across,
        DOWN: threads.down,
        GRID: gridOf(options),
      },
    }),
    workgroups: ({ blocks }, options, { segment }) => [acrossOf(columnsOf(segment.total, options).n), blocks],
    cost: ({ k, rows }, options, { dtypes, gpu }) => {
      // As if all slots were of full threads; what padding there is, only the GPU knows.
      const outputs = (options.slotCount * rows) / options.count;
      const { four } = weightLoadBytes(weightPart(dtypes["weight"], gpu));
      return {
        flops: 2 * k * outputs,
        requestedBytes: (outputs * k * (16 / tile.columns + four / tile.rows)) / 4 + 4 * outputs,
      };
    },
  });

/** The grouped product over a grid that the GPU has sized. */
export const indirectProduct = define(true);

/** The grouped product over a grid for as many blocks as there can be; those past the last leave. */
export const boundedProduct = define(false);
