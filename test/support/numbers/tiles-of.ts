// The tiles of pairs of queries and keys that a mask leaves, counted one pair at a time.
import { type MaskDescription, maskOf } from "../../../src/reference/described.ts";

/** What is cut into tiles. */
export interface Tiling {
  readonly b: number;
  readonly t: number;
  readonly s: number;
  readonly start: number;
  readonly length: number;
  /** Heads with a map of their own; 1 where all share it. */
  readonly maps: number;
  readonly rows: number;
  readonly keys: number;
}

/**
 * What a mask leaves of each tile, by sequence, map, block of queries and tile of keys: 0 nothing, 1 some, 2 all of it.
 */
export function classesOf(description: MaskDescription, tiling: Tiling): number[][][] {
  const { b, t, s, start, length, maps, rows, keys } = tiling;
  const visible = maskOf(description, start);
  const classOf = (batch: number, head: number, row: number, first: number) => {
    const queries = Math.min(rows, t - row);
    let seen = 0;
    for (let i = 0; i < queries * keys; i++) {
      const key = first + (i % keys);
      if (key < length && visible(batch, head, start + row + Math.floor(i / keys), key)) seen++;
    }
    return seen === 0 ? 0 : seen === queries * keys ? 2 : 1;
  };
  const steps = (end: number, step: number) => Array.from({ length: Math.ceil(end / step) }, (_, i) => i * step);
  return Array.from({ length: b * maps }, (_, i) =>
    steps(t, rows).map((row) => steps(s, keys).map((first) => classOf(Math.floor(i / maps), i % maps, row, first))),
  );
}

/**
 * The lines of a map as it lists them: of those of each sequence and head, twice the number and one more where it is
 * full.
 */
export const listedOf = (classes: readonly (readonly (readonly number[])[])[]): string[] =>
  classes.flatMap((lines) =>
    lines.map((line) => line.flatMap((one, i) => (one === 0 ? [] : [2 * i + Number(one === 2)])).join(" ")),
  );

/** What a map `[b, maps, lines, entries]` with these values lists. */
export function linesOf(values: ArrayLike<number>, entries: number): string[] {
  return Array.from({ length: values.length / entries }, (_, line) => {
    const first = line * entries;
    return Array.from({ length: values[first] ?? 0 }, (_unused, i) => values[first + 1 + i]).join(" ");
  });
}
