// The positions in memory of a call's keys and values, by its layout.
import type { AttentionLayout, Gpu } from "../../../src/index.ts";
import type { BatchGroup } from "../batch.ts";
import type { CallShape } from "../call-shape.ts";
import type { AttentionCase } from "../case.ts";
import { poisonedRows } from "./inputs.ts";
import { laidOut } from "./layouts.ts";

/** Number of rows of a cache, and slots of each. */
export function cacheShape(
  { layout }: AttentionCase,
  groups: readonly BatchGroup[],
): readonly [rows: number, slots: number] {
  const { rows, slots } = laidOut(layout, groups);
  return [rows, layout.record.openEnded ? slots + poisonedRows : slots];
}

/** The row and the slot of a sequence's key in the cache; undefined if the cache has lost it. */
type Place = (group: number, sequence: number, key: number) => readonly [row: number, slot: number] | undefined;

/** Where the layout puts keys; undefined if their order does not change. */
export function placeOf({ layout }: AttentionCase, groups: readonly BatchGroup[]): Place | undefined {
  if (layout.record.name === "contiguous") return undefined;
  const { slotOf } = laidOut(layout, groups);
  let before = 0;
  const firsts = groups.map(({ count }) => {
    before += count;
    return before - count;
  });
  return (group, sequence, key) => slotOf((firsts[group] ?? 0) + sequence, key);
}

/** The layout argument of a call, and its number of keys if the shapes do not show it. */
export function placementOf(
  gpu: Gpu,
  { layout }: AttentionCase,
  { groups }: CallShape,
): { layout?: AttentionLayout; length?: number } {
  const { record } = layout;
  return {
    layout: laidOut(layout, groups).layout(gpu),
    ...(record.openEnded ? {} : { length: groups[0]?.s ?? 1 }),
  };
}
