import type { Gpu } from "../gpu/gpu.ts";
import {
  anything,
  atLeast,
  checkOptions,
  checkValue,
  either,
  fieldsOf,
  listOf,
  object,
  oneOf,
  required,
  text,
} from "../options/checks.ts";
import { ShapeError } from "../tensor/shape.ts";
import { type Case, type CaseTable, checkCaseTable, checkItem, checkVariant } from "./case-table.ts";
import { type CaseFigures, checkCase } from "./check-case.ts";

/** The outcome of one case on one variant. */
export interface CaseReport {
  readonly variant: string;
  readonly case: string;
  /** `refused` where the variant refused the case as required. */
  readonly verdict: "pass" | "refused" | "fail";
  /** How a correct result compares with the reference. */
  readonly figures?: CaseFigures;
  /**
   * The failure: op, variant, case, result, and the worst element or the limit exceeded; or why the device's variant
   * cannot take the case.
   */
  readonly message?: string;
}

/** Which of a table's variants and cases are run; default all. */
export interface CheckChoice {
  readonly variants?: readonly string[];
  readonly cases?: readonly Case[];
}

const choiceFields = fieldsOf<CheckChoice>({ variants: listOf(text), cases: listOf(anything) });

/**
 * Runs a table's cases on its variants, as {@link checkCase} does, and reports each; wrong results do not throw. Throws
 * where the device is lost.
 */
export async function checkTable(gpu: Gpu, table: CaseTable, choice: CheckChoice = {}): Promise<CaseReport[]> {
  checkOptions("checkTable", choiceFields, choice);
  checkCaseTable("checkTable", table);
  const { variants = table.variants, cases = table.cases } = choice;
  for (const variant of variants) checkVariant("checkTable", table, variant);
  for (const [i, item] of table.cases.entries()) checkItem("checkTable", item, `table.cases[${i}].`);
  if (choice.cases) for (const [i, item] of cases.entries()) checkItem("checkTable", item, `cases[${i}].`);
  const reports: CaseReport[] = [];
  for (const variant of variants) {
    for (const item of cases) reports.push(await reportOf(gpu, table, variant, item));
  }
  return reports;
}

/**
 * The outcome of one case on one variant; throws where the device is lost. With `mayRefuse` a variant may refuse the case
 * without being listed as one that must, as those in subgroups do on devices whose subgroups are too wide for it.
 */
export async function reportOf(
  gpu: Gpu,
  table: CaseTable,
  variant: string,
  item: Case,
  { mayRefuse = false } = {},
): Promise<CaseReport> {
  const what = { variant, case: item.name };
  try {
    const figures = await checkCase(gpu, table, variant, item);
    return figures ? { ...what, verdict: "pass", figures } : { ...what, verdict: "refused" };
  } catch (error) {
    gpu.assertUsable();
    const verdict = mayRefuse && error instanceof ShapeError ? "refused" : "fail";
    return { ...what, verdict, message: error instanceof Error ? error.message : String(error) };
  }
}

const ratio = either(oneOf(null), atLeast(0));
const reportFields = fieldsOf<CaseReport>({
  variant: required(text),
  case: required(text),
  verdict: required(oneOf("pass", "refused", "fail")),
  figures: object<CaseFigures>({
    nmse: required(atLeast(0)),
    errorRatio: required(ratio),
    meanErrorRatio: required(ratio),
  }),
  message: text,
});

/** The reports as text, one line each, and how many passed. */
export function formatReports(reports: readonly CaseReport[]): string {
  checkValue("formatReports", "reports", listOf(anything), reports);
  for (const [i, report] of reports.entries()) checkOptions("formatReports", reportFields, report, `reports[${i}].`);
  const lines = reports.map(({ variant, case: name, verdict, figures, message }) => {
    const ratio = figures?.errorRatio;
    const errors = ratio === undefined || ratio === null ? "" : `, error ${ratio.toFixed(2)} × that of plain f32 loops`;
    const detail = figures ? `NMSE ${figures.nmse.toExponential(1)}${errors}` : message;
    return `${verdict} ${variant}, ${name}${detail === undefined ? "" : `: ${detail}`}`;
  });
  const passed = reports.filter(({ verdict }) => verdict !== "fail").length;
  return [...lines, `${passed} of ${reports.length} passed`].join("\n");
}
