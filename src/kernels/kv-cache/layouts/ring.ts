import address from "#shaders/attention/address/ring.wgsl";
import slot from "#shaders/kv-cache/slot/ring.wgsl";
import { size } from "../../../options/checks.ts";
import { ShapeError } from "../../../tensor/shape.ts";
import { ownSlots } from "./contiguous.ts";
import type { LayoutRecord } from "./layout-record.ts";

/**
 * Keys `[b, g, s, d]`, of which the first `sinks` (default 0) stay and the others are overwritten in turn: position p
 * is in slot `sinks + (p − sinks) mod (s − sinks)` (StreamingLLM, Xiao et al. 2023, section 3.2).
 */
export interface RingLayout {
  readonly kind: "ring";
  /**
   * Slots at the beginning that are never overwritten.
   * @defaultValue 0
   */
  readonly sinks?: number;
}

export const ring = {
  name: "ring",
  fields: { sinks: size },
  numbers: { slots: { min: 1, usual: 128 }, sinks: { min: 0, usual: 4, otherwise: 0 } },
  misfit: ({ slots = Number.POSITIVE_INFINITY, sinks = 0 }) =>
    sinks < slots ? undefined : `${sinks} sinks leave none of ${slots} slots for the ring`,
  layOut: (sequences, { slots: given, sinks = 0 }) => {
    const s = sequences[0]?.s ?? 0;
    const slots = given ?? Math.ceil(s / 2);
    const round = slots - sinks;
    return {
      rows: sequences.length,
      slots,
      slotOf: (sequence, key) => {
        if (key < sinks) return [sequence, key];
        return key < s - round ? undefined : [sequence, sinks + ((key - sinks) % round)];
      },
      layout: () => ({ kind: "ring", sinks }),
    };
  },
  read: { address, uniforms: ({ sinks = 0 }, [, , slots = 0]) => ({ ring: { slots, sinks } }) },
  write: { slot, uniforms: ({ sinks = 0 }) => ({ ring: { sinks } }) },
  inOrder: false,
  longest: 2 ** 30,
  tensors: (_layout: RingLayout) => ({}),
  sizes: (what, { sinks = 0 }, keys, batch) => {
    const sizes = ownSlots(what, keys, batch);
    if (!Number.isInteger(sinks) || sinks < 0 || sinks >= sizes.capacity) {
      const s = sizes.capacity;
      throw new ShapeError(`${what}: ${sinks} sinks in a ring of ${s} slots, expected 0 to ${s - 1}`);
    }
    return sizes;
  },
} as const satisfies LayoutRecord<RingLayout>;
