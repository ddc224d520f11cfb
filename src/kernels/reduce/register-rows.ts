// The common part of kernels whose threads keep a row in registers.
import type { ShaderModule } from "../../gpu/shader-module.ts";
import type { Specialisation } from "../../gpu/specialise.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { rowSpecialisation } from "./lanes.ts";

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

/** Parts and constants for rows of `cols` elements: the fewest threads of which each keeps four Vectors, or else eight. */
export function registerRows(cols: number, parts: readonly ShaderModule[] = []): Specialisation {
  const vectors = vectorsOf(cols);
  const LANES = lanes.find((threads) => vectors <= kept[0] * threads) ?? lanes[2];
  return {
    parts: rowSpecialisation(cols, parts).parts ?? [],
    constants: { LANES, OWN: vectors <= kept[0] * LANES ? kept[0] : kept[1] },
  };
}
