import type { Gpu } from "../../src/gpu/gpu.ts";
import type { CaseTable } from "./case-table.ts";
import { checkCase } from "./check-case.ts";
import { testBeside } from "./side-by-side.ts";

export { type Case, type CaseInput, type CaseTable, stored } from "./case-table.ts";
export { checkCase as runCase } from "./check-case.ts";

/** Declares a test for every case on every variant. */
export function testCases(gpu: () => Gpu, table: CaseTable): void {
  for (const variant of Object.keys(table.variants)) {
    for (const item of table.cases) {
      testBeside(`${table.op} ${variant}: ${item.name}`, gpu, (own) => checkCase(own, table, variant, item));
    }
  }
}
