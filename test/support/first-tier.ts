// Which tests `npm test` runs of files that open a device, a browser or a process: those with the tag `first`. Of files
// that open none it runs all (kinds.ts). The tag is not set by hand where there are records: of a table of cases it
// follows from the cases, of a list of things each of which has a kind it is the first of its kind.
import type { Case } from "../../src/check/case-table.ts";
import { type Tested, takes } from "../../src/check/first-cases.ts";

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
