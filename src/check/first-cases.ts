// A few cases of a table that between them have every variant and every kind of what records name: for `npm test`, and for
// a device's report.
import type { Case, CaseTable } from "./case-table.ts";

/** What is chosen from: a table, or its variants with some of its cases. */
export type Tested = Pick<CaseTable, "variants"> & { readonly cases: readonly Case[] };

/** The most elements of a chosen case, where there are smaller ones. */
const maxElements = 100_000;

const sizes = ({ inputs }: Case) => Object.values(inputs).flatMap((input) => (input ? [input.shape] : []));
const elements = (item: Case) => Math.max(...sizes(item).map((shape) => shape.reduce((n, size) => n * size, 1)));

/** True of a case with a mask, or a length of which tiles and vectors leave a rest. */
export const isIrregular = (item: Case): boolean =>
  "mask" in (item.options ?? {}) || sizes(item).some((shape) => shape.some((size) => size > 1 && size % 4 !== 0));

/**
 * What a case has of each kind that records name: the formats of its inputs, and words among its options, such as a
 * mask's kind.
 */
export function kindsOf({ inputs, options = {} }: Case): string[] {
  const formats = Object.entries(inputs).flatMap(([name, input]) => (input ? [`${name} ${input.dtype ?? "f32"}`] : []));
  const words = (value: unknown, path: string): string[] => {
    if (typeof value === "string") return value.length < 40 ? [`${path} ${value}`] : [];
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return [];
    if (Array.isArray(value)) {
      return value.some((one) => typeof one === "object") ? value.flatMap((one) => words(one, path)) : [];
    }
    return Object.entries(value).flatMap(([name, one]) => words(one, `${path} ${name}`));
  };
  return [...formats, ...words(options, "")];
}

/** False where a variant must refuse a case. */
export const takes = (variant: string, item: Case) => !item.refusedBy?.includes(variant);

/**
 * The cases that `npm test` and a device's report run of a table, by variant: of each variant one that is irregular and one that is not, as
 * far as there are such; then for each kind that none of these has, the first case that has it, on the first variant
 * that takes it. `known` are kinds that other tables of the same file have already; those found are added.
 */
export function firstCases({ variants, cases }: Tested, known = new Set<string>()): Map<string, Set<Case>> {
  const small = cases.filter((item) => elements(item) <= maxElements);
  const usual = small.length > 1 ? small : [...cases].sort((a, b) => elements(a) - elements(b)).slice(0, 2);
  const chosen = new Map(variants.map((variant) => [variant, new Set<Case>()]));
  const add = (variant: string, item: Case) => {
    chosen.get(variant)?.add(item);
    for (const kind of kindsOf(item)) known.add(kind);
  };
  for (const variant of variants) {
    const taken = usual.filter((item) => takes(variant, item));
    // A single element is a plain case, and says little.
    const plain = taken.filter((item) => !isIrregular(item)).sort((a, b) => +(elements(b) > 16) - +(elements(a) > 16));
    const irregular = taken.filter(isIrregular);
    const two = plain.length > 0 && irregular.length > 0 ? [plain[0], irregular[0]] : taken.slice(0, 2);
    for (const item of two) if (item) add(variant, item);
  }
  for (const item of usual) {
    if (kindsOf(item).every((kind) => known.has(kind))) continue;
    const variant = variants.find((one) => takes(one, item));
    if (variant !== undefined) add(variant, item);
  }
  return chosen;
}
