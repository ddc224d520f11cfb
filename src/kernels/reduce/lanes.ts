import type { Specialisation } from "../../gpu/specialise.ts";

/** Threads of a workgroup in every kernel that reduces rows: `WORKGROUP` in the WGSL. */
const workgroup = 128;

/**
 * Rows up to this long are shared by 16 threads, 8 rows a workgroup, instead of by all 128. Two values, so that
 * pipelines stay few. On lavapipe a barrier costs more than the rows between two of them, and 16 threads were faster
 * by 2 (rows of 4096) to 10 times (rows of 32 to 128); on a GPU 128 keep one long row busy, and 16 that load four
 * elements each still read 256 bytes at once.
 */
const shortRow = 1024;

const lanes = (cols: number): number => (cols <= shortRow ? 16 : workgroup);

/** How rows of `cols` elements are read: four at a time where that divides them, by few threads where they are short. */
export function rowSpecialisation(cols: number, parts: readonly string[] = []): Specialisation {
  return {
    parts: [...parts, cols % 4 === 0 ? "lib/vector/four" : "lib/vector/one"],
    constants: { LANES: lanes(cols) },
  };
}

/** The grid for `rows` rows of `cols` elements. */
export function rowWorkgroups(rows: number, cols: number): [number] {
  return [Math.ceil(rows / (workgroup / lanes(cols)))];
}
