import type { Gpu } from "../gpu/gpu.ts";
import { ShapeError } from "../tensor/shape.ts";
import { type Case, type CaseTable, checkCaseTable, checkItem, checkVariant } from "./case-table.ts";
import { assertClose, assertWithin, difference, nmseCaps } from "./compare.ts";
import { assertGate, type Errors, errorsOf } from "./gate.ts";
import { type CaseResult, mustRefuse, runCase, uploadedInputs } from "./run-case.ts";

/** How a correct variant compares with the reference and with plain f32 loops: the worst of its results. */
export interface CaseFigures {
  /** Σ(actual − expected)² / Σ expected². */
  readonly nmse: number;
  /**
   * The largest error divided by that of plain f32 loops; null where the table has no such loops, or they are exact.
   */
  readonly errorRatio: number | null;
  /** The mean error over that of plain f32 loops, likewise. */
  readonly meanErrorRatio: number | null;
}

/**
 * Runs one case on one variant and throws an Error, which names op, variant, case and result, where it differs from the
 * reference by more than the table's cap and gate, or the case's bounds, allow, writes outside of its results, or
 * accepts a case that it must refuse. Undefined where it refused the case as required.
 */
export async function checkCase(
  gpu: Gpu,
  table: CaseTable,
  variant: string,
  item: Case,
): Promise<CaseFigures | undefined> {
  checkCaseTable("checkCase", table);
  checkVariant("checkCase", table, variant);
  checkItem("checkCase", item);
  const what = `${table.op} ${variant}, ${item.name}`;
  if (mustRefuse(gpu, table, variant, item)) {
    assertRefusal(gpu, table, variant, item, what);
    return undefined;
  }
  const results = await runCase(gpu, table, variant, item);
  for (const { name, actual, expected, emulated, allowed, outside } of results) {
    const exempt = item.bounds?.except?.includes(variant) ?? false;
    assertClose(actual, expected, exempt ? Number.POSITIVE_INFINITY : (table.cap ?? nmseCaps.f32), `${what}: ${name}`);
    if (emulated) assertGate(actual, expected, emulated, allowed, `${what}: ${name}`);
    const bound = item.bounds?.results[name];
    if (bound && !exempt) assertWithin(actual, expected, bound, `${what}: ${name}`);
    if (outside !== undefined) throw new Error(`${what}: ${name} wrote outside, at element ${outside}`);
  }
  return figuresOf(results);
}

function assertRefusal(gpu: Gpu, table: CaseTable, variant: string, item: Case, what: string): void {
  const tensors = uploadedInputs(gpu, item);
  try {
    table.run(gpu, tensors, item.options ?? {}, variant);
  } catch (error) {
    if (error instanceof ShapeError) return;
    throw error;
  } finally {
    for (const used of Object.values(tensors)) used.dispose();
  }
  throw new Error(`${what}: the variant accepted a case that it must refuse`);
}

function figuresOf(results: readonly CaseResult[]): CaseFigures {
  const ratios = (norm: keyof Errors) =>
    results.flatMap(({ actual, expected, emulated }) => {
      const honest = emulated ? errorsOf(emulated, expected)[norm] : 0;
      return honest > 0 ? [errorsOf(actual, expected)[norm] / honest] : [];
    });
  const worst = (found: readonly number[]) => (found.length > 0 ? Math.max(...found) : null);
  return {
    nmse: Math.max(0, ...results.map(({ actual, expected }) => difference(actual, expected).nmse)),
    errorRatio: worst(ratios("largest")),
    meanErrorRatio: worst(ratios("mean")),
  };
}
