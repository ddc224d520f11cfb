// Stands in for test/support/run-cases.ts: the tables of cases that test files declare tests of are kept.
import type { CaseTable } from "../../../src/check/case-table.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";

/** A table of cases as a test file runs it, and on which device. */
export interface UsedTable {
  readonly gpu: () => Gpu;
  readonly table: CaseTable;
}

/** The tables that test files called `testCases` with. */
export const tables: UsedTable[] = [];

/** Keeps a table. */
export function testCases(gpu: () => Gpu, table: CaseTable): void {
  tables.push({ gpu, table });
}
