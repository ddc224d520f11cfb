import vectorFour from "#shaders/lib/vector/four.wgsl";
import vectorOne from "#shaders/lib/vector/one.wgsl";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import { constantsOf, type Shader, type Specialisation } from "../../gpu/shader/specialise.ts";
import type { Tensor } from "../../tensor/tensor.ts";

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

// The common part of kernels whose threads keep a row in registers.

/** Numbers of threads that share a row, in order; the last is all of a workgroup. */
const lanes = [4, 16, 128] as const;

/** Vectors that a thread keeps, in order: of the last only where all of a workgroup share the row. */
const kept = [4, 8] as const;

/** Vectors of a row of `cols` elements: of four where 4 divides them. */
const vectorsOf = (cols: number): number => (cols % 4 === 0 ? cols / 4 : cols);

/** Why rows of `x` do not fit in registers with room for so many Vectors; undefined where they do. */
export function tooLong({ x }: { readonly x: Tensor }, vectors: number): string | undefined {
  const cols = x.shape.at(-1) ?? 1;
  if (vectorsOf(cols) <= vectors) return undefined;
  const most = cols % 4 === 0 ? `${4 * vectors}` : `${vectors} where their number is no multiple of 4`;
  return `rows have ${cols} elements, expected at most ${most}`;
}

/** Requirements of the variants in which threads of a workgroup keep a row. */
export const inRegisters = {
  accepts: (tensors: { readonly x: Tensor }): string | undefined => tooLong(tensors, lanes[2] * kept[1]),
} as const;

/**
 * Parts and constants for rows of `cols` elements: the fewest threads of which each keeps four Vectors, or else eight.
 */
export function registerRows(cols: number, parts: readonly ShaderModule[] = []): Specialisation {
  const vectors = vectorsOf(cols);
  const LANES = lanes.find((threads) => vectors <= kept[0] * threads) ?? lanes[2];
  return {
    parts: rowSpecialisation(cols, parts).parts ?? [],
    constants: { LANES, OWN: vectors <= kept[0] * LANES ? kept[0] : kept[1] },
  };
}

/** Threads for a row of `v` elements, `WORKGROUP` in the WGSL: short rows need few, others have all that it says. */
export const rowThreads = (v: number): { readonly WORKGROUP?: number } => (v <= 512 ? { WORKGROUP: 32 } : {});
