import vectorFour from "#shaders/lib/vector/four.wgsl";
import vectorOne from "#shaders/lib/vector/one.wgsl";
import type { ShaderModule } from "../../gpu/shader-module.ts";
import { constantsOf, type Shader, type Specialisation } from "../../gpu/specialise.ts";

/**
 * How many threads share a row of `cols` elements: `LANES` in the WGSL; unset, all of a workgroup. Only three values,
 * so that there are few pipelines. On lavapipe a barrier costs more than the work between two barriers: in rms-norm of
 * 70,000 rows of 64, 16 threads per row take 3 to 4 times as long as 4, and 128 take 30 to 50 times; on rows of 1024,
 * 128 take 5 to 10 times as long as 16. On a GPU 128 keep one long row busy, and 4 that load four elements each still
 * read 64 bytes at once.
 */
export function lanesFor(cols: number): { readonly LANES?: 4 | 16 } {
  if (cols <= 256) return { LANES: 4 };
  return cols <= 1024 ? { LANES: 16 } : {};
}

/** How rows of `cols` elements are read: four at a time where 4 divides them, by few threads where they are short. */
export const rowSpecialisation = (cols: number, parts: readonly ShaderModule[] = []): Specialisation => ({
  parts: [...parts, cols % 4 === 0 ? vectorFour : vectorOne],
  constants: { ...lanesFor(cols) },
});

/**
 * The common part of kernels over rows: x `[...rows, cols]`, of which a workgroup has as many rows as its lanes allow.
 */
export const rowGrid = {
  workgroups: (
    { rows }: Readonly<Record<"rows", number>>,
    _options: object,
    _context: object,
    shader: Shader,
  ): [number] => [Math.ceil(rows / constantsOf(shader, "ROWS").ROWS)],
} as const;
