import type { Gpu } from "../../src/index.ts";
import { tensor } from "../../src/index.ts";
import type { CaseTable } from "../../test/support/case-table.ts";
import { checkCase } from "../../test/support/check-case.ts";
import { type Measurement, measure } from "./measure.ts";

/** Checks every case on every variant and times those that are right. */
export async function runBench(
  gpu: Gpu,
  table: CaseTable,
  onRow: (row: Measurement) => void = () => {},
): Promise<Measurement[]> {
  const rows: Measurement[] = [];
  for (const item of table.cases) {
    for (const [variant, run] of Object.entries(table.variants)) {
      const names = { op: table.op, variant, case: item.name };
      if (item.refusedBy?.includes(variant)) continue;
      let row: Measurement;
      try {
        await checkCase(gpu, table, variant, item);
        const tensors = Object.fromEntries(
          Object.entries(item.inputs).map(([name, { shape, values, dtype }]) => [
            name,
            tensor(gpu, shape, values, dtype),
          ]),
        );
        const program = gpu.record(() => run(gpu, tensors, item.options ?? {}));
        row = await measure(gpu, names, program);
        program.dispose();
        for (const input of Object.values(tensors)) input.dispose();
      } catch (error) {
        const verdict = error instanceof Error ? error.message : String(error);
        row = { adapter: gpu.adapter.label, software: gpu.adapter.software, ...names, verdict };
      }
      rows.push(row);
      onRow(row);
    }
  }
  return rows;
}
