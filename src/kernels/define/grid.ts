import type { Shader } from "../../gpu/shader/specialise.ts";
import { shown } from "../../options/checks.ts";
import { ShapeError } from "../../tensor/shape.ts";

/** The grid with enough workgroups of a shader for this many threads. */
export function gridOf(threads: number, { name, declarations }: Shader): readonly [number] {
  if (!Number.isFinite(threads)) throw new ShapeError(`${name}: threads are ${shown(threads)}, expected a number`);
  const [x, y, z] = declarations.workgroupSize;
  return [Math.ceil(threads / (x * y * z))];
}

/**
 * The grid in three dimensions, each within `limit`. A one-dimensional grid that is too long folds into y: kernels with
 * such grids number their workgroups with `linear_workgroup` of `lib/grid` and return early past the end.
 */
export function foldGrid(kernel: string, grid: readonly number[], limit: number): readonly [number, number, number] {
  const isGrid = Array.isArray(grid) && grid.length >= 1 && grid.length <= 3;
  if (!isGrid || !grid.every((size) => Number.isInteger(size) && size > 0)) {
    throw new ShapeError(`${kernel}: a grid of ${shown(grid)} workgroups, expected one to three positive integers`);
  }
  const [x = 1, y = 1, z = 1] = grid;
  if (grid.length === 1 && x > limit) {
    const rows = Math.ceil(x / limit);
    if (rows <= limit) return [Math.ceil(x / rows), rows, 1];
  }
  if (x > limit || y > limit || z > limit) {
    throw new ShapeError(
      `${kernel}: a grid of [${grid.join(", ")}] workgroups, this device takes ${limit} in each dimension`,
    );
  }
  return [x, y, z];
}
