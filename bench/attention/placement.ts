// Where the rows of a call's keys and values are in memory, by its layout.

import { randomSource } from "../../src/check/random.ts";
import { type AttentionLayout, blockTable, type Gpu, sequenceOffsets } from "../../src/index.ts";
import type { BatchGroup } from "./batch.ts";
import type { CallShape } from "./call-shape.ts";
import type { AttentionCase } from "./case.ts";
import { poisonedRows } from "./inputs.ts";
import { slotsOf } from "./layouts.ts";

/** Number of rows of a cache, and slots of each. */
export function cacheShape(
  { layout }: AttentionCase,
  groups: readonly BatchGroup[],
): readonly [rows: number, slots: number] {
  const [{ count: b, s } = { count: 1, s: 1 }] = groups;
  switch (layout.kind) {
    case "paged":
      return [b * Math.ceil(s / layout.page) + sparePages, layout.page];
    case "ring":
      return [b, slotsOf(layout, s)];
    case "ragged":
      return [1, groups.reduce((sum, { count, s: keys }) => sum + count * keys, 0) + poisonedRows];
    default:
      return [b, s + poisonedRows];
  }
}

/** Number of pages that belong to no sequence. */
const sparePages = 2;

/** Where the pages of each sequence are: in any order, the same in every run. */
function pagesOf(b: number, s: number, page: number): number[][] {
  const each = Math.ceil(s / page);
  const pages = Array.from({ length: b * each + sparePages }, (_, i) => i);
  const { integer } = randomSource(page);
  for (let i = pages.length - 1; i > 0; i--) {
    const j = integer(i + 1);
    [pages[i], pages[j]] = [pages[j] ?? 0, pages[i] ?? 0];
  }
  return Array.from({ length: b }, (_, row) => pages.slice(row * each, (row + 1) * each));
}

/** The row and the slot of a sequence's key in the cache; undefined where the cache has lost it. */
type Place = (group: number, sequence: number, key: number) => readonly [row: number, slot: number] | undefined;

/** Where the layout puts keys; undefined where their order does not change. */
export function placeOf({ layout }: AttentionCase, groups: readonly BatchGroup[]): Place | undefined {
  const [{ count: b, s } = { count: 1, s: 1 }] = groups;
  switch (layout.kind) {
    case "paged": {
      const { page } = layout;
      const pages = pagesOf(b, s, page);
      return (_, sequence, key) => [pages[sequence]?.[Math.floor(key / page)] ?? 0, key % page];
    }
    case "ring": {
      const slots = slotsOf(layout, s);
      const { sinks } = layout;
      const kept = s - (slots - sinks);
      return (_, sequence, key) => {
        if (key < sinks) return [sequence, key];
        return key < kept ? undefined : [sequence, sinks + ((key - sinks) % (slots - sinks))];
      };
    }
    case "ragged": {
      let at = 0;
      const begins = groups.map(({ count, s: keys }) => {
        at += count * keys;
        return at - count * keys;
      });
      return (group, sequence, key) => [0, (begins[group] ?? 0) + sequence * (groups[group]?.s ?? 0) + key];
    }
    default:
      return undefined;
  }
}

/** The layout argument of a call, and its number of keys. */
export function placementOf(
  gpu: Gpu,
  { layout }: AttentionCase,
  { groups, tensors }: CallShape,
): { layout?: AttentionLayout; length?: number } {
  const [{ count: b, s } = { count: 1, s: 1 }] = groups;
  switch (layout.kind) {
    case "paged": {
      const pages = tensors["keys"]?.shape[0] ?? 0;
      return {
        layout: { kind: "paged", blockTable: blockTable(gpu, pagesOf(b, s, layout.page), { pages }) },
        length: s,
      };
    }
    case "ring":
      return { layout: { kind: "ring", sinks: layout.sinks }, length: s };
    case "ragged": {
      const lengths = (of: (group: BatchGroup) => number) =>
        sequenceOffsets(
          gpu,
          groups.flatMap((group) => Array.from({ length: group.count }, () => of(group))),
        );
      return {
        layout: { kind: "ragged", queryOffsets: lengths(({ t }) => t), keyOffsets: lengths(({ s: own }) => own) },
      };
    }
    default:
      return {};
  }
}
