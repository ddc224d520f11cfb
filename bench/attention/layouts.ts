// Layouts of keys and values, for `--layouts`.
import type { Mask } from "../../src/reference/masks.ts";
import { type BatchGroup, parseLength } from "./batch.ts";

/** A layout of the command line. */
export type BenchLayout = { readonly text: string } & (
  | { readonly kind: "contiguous" | "ragged" | "latent" }
  | { readonly kind: "paged"; readonly page: number }
  /** Default `slots`: half the number of keys. */
  | { readonly kind: "ring"; readonly slots?: number; readonly sinks: number }
  /** All sequences of a call have the first `keys` keys in common. */
  | { readonly kind: "prefix"; readonly keys: number }
);

/** Contiguous rows. */
export const contiguous: BenchLayout = { text: "contiguous", kind: "contiguous" };

/** The forms that `--layouts` accepts. */
export const layoutForms = [
  "contiguous",
  "ragged",
  "paged:size",
  "ring:slots",
  "ring:slots:sinks",
  "prefix:keys",
] as const;

/**
 * Reads `contiguous`; `ragged`, sequences of all lengths in one call; `paged:16`, pages of 16 keys in any order;
 * `ring:512:4`, the last 512 keys, or the first 4 and the last 508; or `prefix:512`, sequences with the first 512 keys
 * in common. Default page size is 16; the default slots of a ring are half the keys. Throws a RangeError.
 */
export function parseLayout(text: string): BenchLayout {
  const [kind = "", ...numbers] = text.split(":");
  const number = (i: number, name: string, least = 1) =>
    parseLength(numbers[i] ?? "", `layout "${text}": ${name}`, least);
  const expect = (most: number, form: string) => {
    if (numbers.length > most) throw new RangeError(`layout is "${text}", expected "${form}"`);
  };
  switch (kind) {
    case "contiguous":
    case "ragged":
      expect(0, kind);
      return { text: kind, kind };
    case "paged": {
      expect(1, "paged:size");
      const page = numbers.length > 0 ? number(0, "size") : 16;
      if (Math.log2(page) % 1 !== 0)
        throw new RangeError(`layout "${text}": pages of ${page}, expected a power of two`);
      return { text: `paged:${page}`, kind, page };
    }
    case "ring": {
      expect(2, "ring:slots:sinks");
      if (numbers.length === 0) return { text: kind, kind, sinks: 0 };
      const slots = number(0, "slots");
      const sinks = numbers.length > 1 ? number(1, "sinks", 0) : 0;
      if (sinks >= slots) {
        throw new RangeError(`layout "${text}": ${sinks} sinks leave none of ${slots} slots for the ring`);
      }
      return { text: `ring:${slots}${sinks > 0 ? `:${sinks}` : ""}`, kind, slots, sinks };
    }
    case "prefix": {
      expect(1, "prefix:keys");
      const keys = number(0, "keys");
      return { text: `prefix:${keys}`, kind, keys };
    }
  }
  throw new RangeError(`there is no layout "${text}"; there are ${layoutForms.join(", ")}`);
}

/** Slots of a ring, for sequences of s keys. */
export const slotsOf = ({ slots }: { readonly slots?: number }, s: number): number => slots ?? Math.ceil(s / 2);

/** Why sequences of these shapes cannot have this layout; undefined where they can. */
export function layoutRefusal(layout: BenchLayout, groups: readonly BatchGroup[]): string | undefined {
  for (const { t, s } of groups) {
    if (layout.kind === "ring") {
      const room = slotsOf(layout, s) - layout.sinks;
      if (t > room) return `a ring of ${slotsOf(layout, s)} slots has lost keys that ${t} queries would see`;
    }
    if (layout.kind === "prefix" && layout.keys > s - t) {
      return `a prefix of ${layout.keys} keys leaves no room for ${t} queries after it, of ${s} keys`;
    }
  }
  return undefined;
}

/** A mask that also hides the keys that a ring has lost. */
export function maskIn(layout: BenchLayout, mask: Mask, s: number): Mask {
  if (layout.kind !== "ring" || slotsOf(layout, s) >= s) return mask;
  const { sinks } = layout;
  const kept = s - (slotsOf(layout, s) - sinks);
  const seen: Mask = (batch, head, query, key) => (key < sinks || key >= kept) && mask(batch, head, query, key);
  const { keyRange } = mask;
  if (!keyRange || sinks > 0) return seen;
  return Object.assign(seen, {
    keyRange: (query: number) => {
      const [first, end] = keyRange(query);
      return [Math.max(first, kept), end] as const;
    },
  });
}
