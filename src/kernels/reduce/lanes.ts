import vectorFour from "#shaders/lib/vector/four.wgsl";
import vectorOne from "#shaders/lib/vector/one.wgsl";
import type { ShaderModule } from "../../gpu/shader-module.ts";
import type { Specialisation } from "../../gpu/specialise.ts";

/** Threads of a workgroup in every kernel that reduces rows: `WORKGROUP` in the WGSL. */
const workgroup = 128;

/**
 * How many threads share a row of `cols` elements: `LANES` in the WGSL. Three values, so that pipelines stay few. On
 * lavapipe a barrier costs more than the elements between two of them: in rms-norm of 70,000 rows of 64, 16 threads a
 * row take 3 to 4 times as long as 4, and 128 take 30 to 50 times; on rows of 1024, 128 take 5 to 10 times as long as
 * 16. On a GPU 128 keep one long row busy, and 4 that load four elements each still read 64 bytes at once.
 */
export function lanesOf(cols: number): number {
  if (cols <= 256) return 4;
  return cols <= 1024 ? 16 : workgroup;
}

/** How rows of `cols` elements are read: four at a time where that divides them, by few threads where they are short. */
export function rowSpecialisation(cols: number, parts: readonly ShaderModule[] = []): Specialisation {
  return {
    parts: [...parts, cols % 4 === 0 ? vectorFour : vectorOne],
    constants: { LANES: lanesOf(cols) },
  };
}

/** The grid for `rows` rows of `cols` elements. */
export function rowWorkgroups(rows: number, cols: number): [number] {
  return [Math.ceil(rows / (workgroup / lanesOf(cols)))];
}
