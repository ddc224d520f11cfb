import { percent, quantity } from "../harness/numbers.ts";
import type { BenchRow } from "../result.ts";
import type { DeviceReport } from "./result.ts";

/** How a device did, in a few texts: for the command's three lines, and for the table of all devices. */
export interface Summary {
  /** `412 of 412`, how many this device refuses, and how many were left out. */
  readonly checks: string;
  /** The highest rates, with their share of the measured peak. */
  readonly products: string;
  readonly attention: string;
  /** Tokens a second of the bundled model: generated, and read in a prompt. */
  readonly generation: string;
  /** How many calls the tuner chose another variant for, and where that gains most. */
  readonly tuning: string;
}

const missing = "not measured";

/** The texts of a report. */
export function summaryOf(report: DeviceReport): Summary {
  const { checks, rows, generation, tuning, peaks } = report;
  const left = report.leftOut.filter(({ part }) => part === "checks").reduce((sum, { count }) => sum + count, 0);
  const [passed, failed, refused] = (["pass", "fail", "refused"] as const).map(
    (wanted) => checks.filter(({ verdict }) => verdict === wanted).length,
  ) as [number, number, number];
  const peak = peaks?.tflopsF32.value ?? null;
  const [read, made] = [generation.find(({ n_gen }) => n_gen === 0), generation.find(({ n_gen }) => n_gen > 0)];
  const rate = (row: typeof made) => (row?.verdict === "pass" ? row.avg_ts.toFixed(0) : (row?.reason ?? missing));
  return {
    checks: [
      `${passed} of ${passed + failed}`,
      ...(refused > 0 ? [`${refused} refused`] : []),
      ...(left > 0 ? [`${left} left out`] : []),
    ].join(", "),
    products: highest(rows, ["matmul", "gemm"], peak),
    attention: highest(rows, ["attention"], peak),
    generation: made
      ? `${rate(made)} tokens/s of ${made.model_type}${read ? `, ${rate(read)} of a prompt` : ""}`
      : missing,
    tuning: chosen(tuning),
  };
}

/** The highest rate of correct results of these ops' own definitions. */
function highest(rows: readonly BenchRow[], ops: readonly string[], peak: number | null): string {
  const known = rows.filter(
    ({ op, verdict, tflops, definition }) => ops.includes(op) && verdict === "pass" && tflops !== null && !definition,
  );
  const [best] = known.sort((a, b) => (b.tflops ?? 0) - (a.tflops ?? 0));
  if (!best) return missing;
  const rate = best.tflops ?? 0;
  const share = peak === null ? "" : ` (${percent(rate / peak)} of peak)`;
  return `${quantity(rate * 1e12, "FLOP/s")}${share} by ${best.variant}`;
}

/** What the tuner changed. */
function chosen(tuning: DeviceReport["tuning"]): string {
  if (tuning.length === 0) return missing;
  const gains = tuning.flatMap(({ key, choice, untuned, variants }) => {
    const ms = (name: string) => variants.find((variant) => variant.name === name)?.ms;
    const [before, after] = [ms(untuned), ms(choice)];
    if (choice === untuned || before === undefined || after === undefined) return [];
    return [{ what: `${key.split(" ")[0]} ${choice} for ${untuned}`, gain: before / after }];
  });
  const [best] = gains.sort((a, b) => b.gain - a.gain);
  const changed = tuning.filter(({ choice, untuned }) => choice !== untuned).length;
  return `${changed} of ${tuning.length} calls changed${best ? ` (${best.what}: ${best.gain.toFixed(1)}×)` : ""}`;
}

/** Three lines that say how a device did. */
export function summaryLines(report: DeviceReport): readonly [string, string, string] {
  const { checks, products, attention, generation, tuning } = summaryOf(report);
  return [
    `${report.environment.adapter}: checks passed: ${checks}`,
    `products ${products} · attention ${attention}`,
    `${generation} · tuner: ${tuning}`,
  ];
}
