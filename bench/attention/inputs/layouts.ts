// Layouts of keys and values, for `--layouts`.

import {
  type AnyLayoutRecord,
  type LaidOut,
  type LayoutNumbers,
  layoutRecords,
} from "../../../src/check/attention-records.ts";
import type { AttentionLayout } from "../../../src/index.ts";
import type { Mask } from "../../../src/reference/attention/masks.ts";
import { type BatchGroup, parseLength } from "../batch.ts";

/** A layout of the command line. */
export interface BenchLayout {
  readonly text: string;
  /** The name of the layout; `prefix`, `latent`. */
  readonly kind: string;
  readonly record: AnyLayoutRecord;
  readonly numbers: LayoutNumbers;
  /** Keys shared by all sequences of a call. */
  readonly prefix?: number;
}

const recordOf = (name: string): AnyLayoutRecord => {
  const record = layoutRecords.find((one) => one.name === name);
  if (!record) throw new RangeError(`there is no layout "${name}"; there are ${layoutForms.join(", ")}`);
  return record;
};

/** Contiguous rows. */
export const contiguous: BenchLayout = {
  text: "contiguous",
  kind: "contiguous",
  record: recordOf("contiguous"),
  numbers: {},
};

/** Latents, which are contiguous. */
export const latentLayout: BenchLayout = { ...contiguous, text: "latent", kind: "latent" };

/** The forms that `--layouts` accepts. */
export const layoutForms: readonly string[] = [
  ...layoutRecords.map(({ name, numbers }) => [name, ...Object.keys(numbers).map((one) => `[:${one}]`)].join("")),
  "prefix:keys",
];

/** Each layout with numbers that suit some hundred keys. */
export const usualLayouts: readonly string[] = [
  ...layoutRecords.map(({ name, numbers }) =>
    [name, ...Object.values(numbers).flatMap(({ usual, otherwise }) => (otherwise === 0 ? [] : [usual]))].join(":"),
  ),
  "prefix:64",
];

/**
 * Reads a layout by its name and the numbers of its record: `ragged`, sequences of all lengths in one call; `paged:16`,
 * pages of 16 keys in any order; `ring:512:4`, the first 4 keys and the last 508. Numbers at the end may be left out.
 * `prefix:512` are contiguous sequences with the first 512 keys in common. Throws a RangeError.
 */
export function parseLayout(text: string): BenchLayout {
  const [kind = "", ...words] = text.split(":");
  const number = (i: number, name: string, min: number) =>
    parseLength(words[i] ?? "", `layout "${text}": ${name}`, min);
  const expect = (most: number, form: string) => {
    if (words.length > most) throw new RangeError(`layout is "${text}", expected "${form}"`);
  };
  if (kind === "prefix") {
    expect(1, "prefix:keys");
    const prefix = number(0, "keys", 1);
    return { ...contiguous, text: `prefix:${prefix}`, kind, prefix };
  }
  const record = recordOf(kind);
  const names = Object.keys(record.numbers);
  expect(names.length, [kind, ...names].join(":"));
  const numbers = Object.fromEntries(
    Object.entries(record.numbers).map(([name, { min, otherwise }], i) => [
      name,
      i < words.length ? number(i, name, min) : otherwise,
    ]),
  );
  const misfit = record.misfit?.(numbers);
  if (misfit !== undefined) throw new RangeError(`layout "${text}": ${misfit}`);
  const written = Object.values(numbers);
  while (written.length > 0 && !written.at(-1)) written.pop();
  return { text: [kind, ...written].join(":"), kind, record, numbers };
}

/** The sequences of a call, laid out. */
export const laidOut = (layout: BenchLayout, groups: readonly BatchGroup[]): LaidOut<AttentionLayout> =>
  layout.record.layOut(
    groups.flatMap(({ count, t, s }) => Array.from({ length: count }, () => ({ t, s }))),
    layout.numbers,
  );

/** True if sequences of all sizes are one call. */
export const isTogether = ({ record }: BenchLayout): boolean => record.extent !== undefined;

/** Why sequences of these shapes cannot have this layout; undefined if they can. */
export function layoutRefusal(layout: BenchLayout, groups: readonly BatchGroup[]): string | undefined {
  for (const { t, s } of groups) {
    const { slotOf } = laidOut(layout, [{ count: 1, t, s }]);
    for (let key = s - t; key < s; key++) {
      if (!slotOf(0, key)) return `${layout.text} has lost keys that ${t} queries would see`;
    }
    if (layout.prefix !== undefined && layout.prefix > s - t) {
      return `a prefix of ${layout.prefix} keys leaves no room for ${t} queries after it, of ${s} keys`;
    }
  }
  return undefined;
}

/** The keys of a sequence of s that a layout keeps, by their positions; undefined if it keeps all. */
export function keptKeys(layout: BenchLayout, s: number): Uint8Array | undefined {
  const { slotOf } = laidOut(layout, [{ count: 1, t: 1, s }]);
  const kept = Uint8Array.from({ length: s }, (_, key) => Number(slotOf(0, key) !== undefined));
  return kept.includes(0) ? kept : undefined;
}

/** A mask that also hides the keys that a layout has lost. */
export function maskIn(layout: BenchLayout, mask: Mask, s: number): Mask {
  const kept = keptKeys(layout, s);
  if (!kept) return mask;
  const seen: Mask = (batch, head, query, key) => kept[key] === 1 && mask(batch, head, query, key);
  const { keyRange } = mask;
  const first = kept.indexOf(1);
  if (!keyRange || kept.includes(0, first)) return seen;
  return Object.assign(seen, {
    keyRange: (query: number) => {
      const [begin, end] = keyRange(query);
      return [Math.max(begin, first), end] as const;
    },
  });
}
