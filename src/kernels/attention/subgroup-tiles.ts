import source from "#shaders/attention/subgroups.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/specialise.ts";

/** Rows of a block and keys of a tile, as the kernel has them. */
export const subgroupTiles = constantsOf(source, "ROWS", "KEYS");

/** Why subgroups of this device cannot share heads of these widths; undefined when they can. */
export function sizeRefusal({ adapter }: Gpu, d: number, dv: number): string | undefined {
  const size = adapter.subgroupSize;
  if (size === undefined) return "this device's subgroups have no fixed size";
  if (subgroupTiles.KEYS % size !== 0)
    return `this device has subgroups of ${size}, it needs a divisor of ${subgroupTiles.KEYS}`;
  for (const [name, width] of Object.entries({ d, dv })) {
    if (width % (4 * size) !== 0)
      return `${name} is ${width}, it needs a multiple of ${4 * size} for subgroups of ${size}`;
  }
  return undefined;
}
