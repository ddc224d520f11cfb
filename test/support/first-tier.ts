// Which tests `npm test` runs of files that open a device, a browser or a process: those with the tag `first`. Of files
// that open none it runs all (kinds.ts). The tag is not set by hand where there are records: of a table of cases it
// follows from the cases, of a list of things each of which has a kind it is the first of its kind.
import type { Case, CaseTable } from "../../src/check/case-table.ts";

declare module "vitest" {
  interface TestTags {
    tags: "first";
  }
}

/** The options of a test, or of tests in a `describe`, that `npm test` runs. */
export const first: { tags: "first" } = { tags: "first" };

/** Those of a test that `npm test` runs where this is true, and `npm run test:full` always. */
export const firstIf = (is: boolean): { tags?: "first" } => (is ? first : {});

/** True of the items that are the first of their kind. */
export function firstOfEach<T>(items: readonly T[], kindOf: (item: T) => unknown): (item: T) => boolean {
  const found = new Map(items.toReversed().map((item) => [kindOf(item), item]));
  return (item) => found.get(kindOf(item)) === item;
}

type Tested = Pick<CaseTable, "variants"> & { readonly cases: readonly Case[] };

/** The most elements of a case that `npm test` runs, where there are smaller ones. */
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

const takes = (variant: string, item: Case) => !item.refusedBy?.includes(variant);

/**
 * The cases that `npm test` runs of a table, by variant: of each variant one that is irregular and one that is not, as
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

/** The most products of variants and cases of a table that `npm run test:full` runs all of. */
const maxProducts = 8;

/** How many cases the others run, together, for one of a variant of `seldom`. */
const oftenness = 15;

/**
 * Variants in the order of their turns: those of `seldom` once, the others at least twice, and together `oftenness`
 * times as often. Of a table of one variant other tables run three of four cases, or `oftenness` for one where it is
 * seldom.
 */
function turnsOf(variants: readonly string[], seldom: readonly string[]): string[] {
  if (variants.length === 1) {
    return [...variants, ...Array.from({ length: seldom.length > 0 ? oftenness : 3 }, () => "another's")];
  }
  const usual = variants.filter((variant) => !seldom.includes(variant));
  const times = Math.max(2, Math.ceil((oftenness * (variants.length - usual.length)) / usual.length));
  return [...Array.from({ length: times }, () => usual).flat(), ...variants.filter((name) => seldom.includes(name))];
}

/**
 * The cases that `npm run test:full` runs of a table, by variant: all of a small one, unless its variants are `seldom`.
 * Of a large one the first tier is part, and each other case runs on one variant, by turns, at which those of `seldom`
 * have their turn less often: they take long to compile; each variant refuses all that it must. `npm run test:all`,
 * and a test file that is run by itself, run all products.
 */
export function fullCases(
  { variants, cases }: Tested,
  first: ReadonlyMap<string, ReadonlySet<Case>>,
  seldom: readonly string[] = [],
): Map<string, Set<Case>> {
  const all = seldom.length === 0 && variants.length * cases.length <= maxProducts;
  const turns = turnsOf(variants, seldom);
  const chosen = new Map<string, Set<Case>>();
  for (const variant of variants) chosen.set(variant, new Set(first.get(variant)));
  for (const [i, item] of cases.entries()) {
    const able = turns.filter((variant) => takes(variant, item));
    const next = able.some((variant) => first.get(variant)?.has(item)) ? undefined : able[i % able.length];
    for (const variant of variants) {
      if (all || variant === next || !takes(variant, item)) chosen.get(variant)?.add(item);
    }
  }
  return chosen;
}
