// The table of layouts: how keys and values are read and written.
import { type Check, kinds } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { BoundTensor } from "../define/kernel.ts";
import { contiguous } from "./layouts/contiguous.ts";
import type { LayoutRecord } from "./layouts/layout-record.ts";
import { paged } from "./layouts/paged.ts";
import { ragged } from "./layouts/ragged.ts";
import { ring } from "./layouts/ring.ts";

/** All layouts: adding one is a file under `layouts` and an entry here. */
const records = [contiguous, paged, ring, ragged] as const;

type Records = (typeof records)[number];
type LayoutOf<R> = R extends { readonly tensors: (layout: infer L) => unknown } ? L : never;

/** The layout of k and v. */
export type AttentionLayout = LayoutOf<Records>;

/** The layout of a cache that can be appended to: `contiguous`, or a {@link PagedLayout} or {@link RingLayout}. */
export type KvLayout = LayoutOf<Extract<Records, { readonly write: object }>>;

/** Any layout's record. */
export type AnyLayoutRecord = LayoutRecord<AttentionLayout>;

/** The records of all layouts. */
export const layoutRecords = records as unknown as readonly AnyLayoutRecord[];

const byName = new Map<string, unknown>(records.map((record) => [record.name, record]));

/** Checks of layouts: those that can be appended to, or all. */
const checkOf = (all: readonly AnyLayoutRecord[]): Check =>
  kinds(
    Object.fromEntries(all.flatMap(({ name, fields }) => (fields ? [[name, fields]] : []))),
    ...all.flatMap(({ name, fields }) => (fields ? [] : [name])),
  );

/** The layouts of attention. */
export const layoutCheck = checkOf(layoutRecords);

/** The layouts of caches. */
export const kvLayoutCheck = checkOf(layoutRecords.filter(({ write }) => write !== undefined));

/** The name of a layout. */
export const layoutName = (layout: AttentionLayout): Records["name"] =>
  typeof layout === "string" ? layout : layout.kind;

/** The record of a layout. Throws `TypeError` for an unknown one. */
export function layoutRecord<L extends AttentionLayout>(layout: L): LayoutRecord<L> {
  const record = byName.get(layoutName(layout));
  if (!record) throw new TypeError(`there is no layout ${JSON.stringify(layout)}; there are ${[...byName.keys()]}`);
  return record as LayoutRecord<L>;
}

/** The tensors of a layout, by the name of their binding. */
export const layoutBindings = (layout: AttentionLayout): Record<string, BoundTensor> =>
  Object.fromEntries(
    Object.entries(layoutRecord(layout).tensors(layout)).map(([name, tensor]): [string, BoundTensor] => [
      name,
      { tensor, types: ["u32"] },
    ]),
  );

/**
 * The capacity in positions of a cache with these keys, per batch row. Throws `ShapeError` where the layout and the
 * keys contradict one another.
 */
export const capacityOf = (what: string, layout: KvLayout, keys: Tensor, batch: number): number =>
  layoutRecord(layout).sizes(what, layout, keys, batch).capacity;
