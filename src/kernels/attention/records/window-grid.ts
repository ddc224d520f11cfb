// Windows in a grid of frames, rows and columns, as shaders/lib/numbers/window-grid.wgsl has them.
import { ShapeError } from "../../../tensor/shape.ts";
import type { KeyRange } from "./mod.ts";
import { type Window, windowCount, windowPlaces, windowRange } from "./window.ts";

/** The axes of a grid, whose cells are numbered along the last first. */
export type WindowGrid = readonly [frames: Window, rows: Window, columns: Window];

/** Most positions of a grid, whose numbers the shaders multiply in u32. */
const most = 2 ** 30;

/** Throws `ShapeError` for a grid with more positions than kernels can count, at `size` a cell. */
export function checkGrid([frames, rows, columns]: WindowGrid, size = 1): void {
  const positions = frames.length * rows.length * columns.length * size;
  if (positions <= most) return;
  throw new ShapeError(`attention: a grid of ${positions} positions, expected at most ${most}, which u32 can count`);
}

/** True if every query sees one run of cells, and neighbouring ones see runs without a gap. */
export function isOneRun(grid: WindowGrid): boolean {
  const outer = grid.findIndex(({ length }) => length > 1);
  return (
    grid.every(({ dilation }) => dilation === 1) &&
    grid.slice(outer + 1).every(({ length, keys, causal }) => outer < 0 || (keys >= length && !causal))
  );
}

/** A range of cells that holds all that cells `first` to `last` see. */
export function gridRange(grid: WindowGrid, first: number, last: number): KeyRange {
  const [begin, end] = corners(grid, first, last);
  const ranges = grid.map((window, axis) => windowRange(window, begin[axis] ?? 0, end[axis] ?? 0));
  return [
    cellOf(
      grid,
      ranges.map(([from]) => from),
    ),
    cellOf(
      grid,
      ranges.map(([, to]) => to - 1),
    ) + 1,
  ];
}

/** The number of positions before `end` that the ones of a cell see, of `size` a cell. */
export function gridCount(grid: WindowGrid, cell: number, end: number, size = 1): number {
  const [frame, row, column] = placeOf(grid, cell);
  const [frames, rows, columns] = grid;
  let count = 0;
  for (const f of windowPlaces(frames, frame)) {
    for (const r of windowPlaces(rows, row)) {
      const left = end / size - (f * rows.length + r) * columns.length; // cells before the end, from this row on
      const whole = windowCount(columns, column, Math.floor(left));
      const next = windowCount(columns, column, Math.ceil(left)) - whole; // 1 where the end cuts a cell that is seen
      count += whole * size + next * (end % size);
    }
  }
  return count;
}

const placeOf = ([, rows, columns]: WindowGrid, cell: number) => {
  const row = Math.floor(cell / columns.length);
  return [Math.floor(row / rows.length), row % rows.length, cell % columns.length] as const;
};

const cellOf = ([, rows, columns]: WindowGrid, [frame = 0, row = 0, column = 0]: readonly number[]) =>
  (frame * rows.length + row) * columns.length + column;

/** The first and last places of cells along each axis: all rows or columns, where they span several. */
function corners(grid: WindowGrid, first: number, last: number): readonly [readonly number[], readonly number[]] {
  const [begin, end] = [placeOf(grid, first), placeOf(grid, last)];
  const differs = begin.findIndex((place, axis) => place !== end[axis]);
  const isWhole = (axis: number) => differs >= 0 && axis > differs;
  return [
    begin.map((place, axis) => (isWhole(axis) ? 0 : place)),
    end.map((place, axis) => (isWhole(axis) ? (grid[axis]?.length ?? 1) - 1 : place)),
  ];
}
