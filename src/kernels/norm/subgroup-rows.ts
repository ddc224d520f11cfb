// The common part of the norms that give rows to a subgroup.
import type { Gpu } from "../../gpu/gpu.ts";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import type { Specialisation } from "../../gpu/shader/specialise.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { rowSpecialisation } from "../reduce/lanes.ts";

/** Maximum size of a subgroup: `RUNS`, so that each thread has sums of its own. */
const largest = 16;

/** Maximum length of a row: its sums go one element at a time over a sixteenth of it. */
const maxColumns = 8192;

/** Requirements of the variants: subgroups of one size, rows that are not long. */
export const bySubgroups = {
  requires: ["subgroups"],
  accepts: ({ x }: { readonly x: Tensor }, _options: object, { adapter }: Gpu): string | undefined => {
    const { subgroupSize } = adapter;
    if (subgroupSize === undefined) return "this device's subgroups have no fixed size";
    if (subgroupSize > largest) return `subgroups have ${subgroupSize} threads, expected at most ${largest}`;
    const columns = x.shape.at(-1) ?? 1;
    return columns > maxColumns ? `rows have ${columns} elements, expected at most ${maxColumns}` : undefined;
  },
} as const;

/** From how many rows on a subgroup has four, so that there are still subgroups for all cores. */
const manyRows = 64;

/** Rows of a subgroup. */
const together = (rows: number) => (rows < manyRows ? 1 : 4);

/** The share of a load of the weight that each of `rows` has. */
export const shareOf = (rows: number): number => 1 / together(rows);

/** Parts and constants for `rows` of `cols` elements. */
export const subgroupRows = (
  { adapter }: Gpu,
  { rows, cols }: Readonly<Record<"rows" | "cols", number>>,
  parts: readonly ShaderModule[] = [],
): Specialisation => ({
  parts: rowSpecialisation(cols, parts).parts ?? [],
  constants: { SUBGROUP: adapter.subgroupSize ?? 0, ROWS: together(rows) },
});
