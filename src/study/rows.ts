// What kernels over rows have in common: sizes, and small dispatches.
import { rowSpecialisation } from "../kernels/reduce/lanes.ts";
import type { Size } from "./kernel.ts";

export type RowName = "rows" | "columns";
export type RowSizes = Readonly<Record<RowName, number>>;

/** Sizes of rows of at most `most` elements. */
export const rowSizes = (most: number): Readonly<Record<RowName, Size>> => ({
  rows: { meaning: "rows of x", usual: 9 },
  columns: { meaning: "elements of a row", usual: 64, most },
});

/**
 * Threads of a workgroup that share rows. The small dispatch has two a row, two rows a workgroup and three turns; the
 * last row is alone.
 */
export const laneRows = {
  sizes: rowSizes(1024),
  small: { sizes: { rows: 5, columns: 24 }, constants: { WORKGROUP: 4, LANES: 2 } },
} as const;

/** Rows of a subgroup; in the small dispatch `together` of them, by two threads. */
export const subgroupRows = (together: number) => ({
  sizes: rowSizes(1024),
  small: { sizes: { rows: 5, columns: 24 }, constants: { SUBGROUP: 2, ROWS: together } },
  specialise: ({ columns }: RowSizes) => ({ parts: rowSpecialisation(columns).parts ?? [] }),
});
