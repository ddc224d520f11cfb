import { expect } from "vitest";
import type { CaseTable } from "../../src/check/case-table.ts";
import { checkCase } from "../../src/check/check-case.ts";
import { firstCases, kindsOf } from "../../src/check/first-cases.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { testBeside } from "./devices/side-by-side.ts";
import { firstIf, fullCases } from "./first-tier.ts";

/** The kinds that the tables of a file have had so far in `npm test`, by the op's definition. */
let known: { readonly file: string | undefined; readonly of: Map<unknown, Set<string>> } | undefined;

/** What a table leaves to others. */
interface TableOptions {
  /** Variants that take long to compile: where all tests run they have their turn less often, see `fullCases`. */
  readonly seldom?: readonly string[];
  /** True where other tables have what is a kind of its own here, such as attention's the masks. */
  readonly kindsElsewhere?: boolean;
}

/**
 * Declares a test for every case on every variant; of a large table, where all tests run, for the share that
 * `fullCases` says.
 */
export function testCases(
  gpu: () => Gpu,
  table: CaseTable,
  { seldom = [], kindsElsewhere = false }: TableOptions = {},
): void {
  const file = expect.getState().testPath;
  if (known?.file !== file) known = { file, of: new Map() };
  const kinds = known?.of.get(table.reference) ?? new Set();
  known?.of.set(table.reference, kinds);
  if (kindsElsewhere) for (const kind of table.cases.flatMap(kindsOf)) kinds.add(kind);
  const chosen = firstCases(table, kinds);
  const share = process.env["SHADERFORMER_TIER"] === undefined ? undefined : fullCases(table, chosen, seldom);
  for (const variant of table.variants) {
    for (const item of table.cases) {
      if (share && !share.get(variant)?.has(item)) continue;
      const name = `${table.op} ${variant}: ${item.name}`;
      const options = firstIf(chosen.get(variant)?.has(item) ?? false);
      testBeside(name, gpu, (own) => checkCase(own, table, variant, item), options);
    }
  }
}
