import type { CaseTable } from "../../src/check/case-table.ts";
import { checkCase } from "../../src/check/check-case.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { testBeside } from "./side-by-side.ts";

/** Declares a test for every case on every variant. */
export function testCases(gpu: () => Gpu, table: CaseTable): void {
  for (const variant of table.variants) {
    for (const item of table.cases) {
      testBeside(`${table.op} ${variant}: ${item.name}`, gpu, (own) => checkCase(own, table, variant, item));
    }
  }
}
