import address from "#shaders/attention/address/contiguous.wgsl";
import slot from "#shaders/kv-cache/slot/contiguous.wgsl";
import { formatShape, ShapeError } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import type { LayoutRecord } from "./layout-record.ts";

/** The sizes of a cache in which every batch row has separate slots. Throws `ShapeError` for another number of rows. */
export function ownSlots(what: string, keys: Tensor, batch: number) {
  const [rows = 0, , s = 0] = keys.shape;
  if (rows !== batch) throw new ShapeError(`${what}: a cache ${formatShape(keys.shape)}, expected ${batch} batch rows`);
  return { sequences: batch, capacity: s };
}

/** Keys `[b, g, s, d]`, position i of batch row b in row i. */
export const contiguous = {
  name: "contiguous",
  numbers: {},
  layOut: (sequences) => ({
    rows: sequences.length,
    slots: sequences[0]?.s ?? 0,
    slotOf: (sequence, key) => [sequence, key],
    layout: () => "contiguous",
  }),
  openEnded: true,
  read: { address, uniforms: () => ({}) },
  write: { slot, uniforms: () => ({}) },
  inOrder: true,
  tensors: (_layout: "contiguous") => ({}),
  sizes: (what, _layout, keys, batch) => ownSlots(what, keys, batch),
} as const satisfies LayoutRecord<"contiguous">;
