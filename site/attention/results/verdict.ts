import type { BenchRow } from "../../../bench/result.ts";
import { digits } from "../../shell/format.ts";

/** The outcome of a row's check, with the reason if it failed. */
export function verdictOf({ verdict, reason, nmse, checked }: BenchRow): string {
  if (verdict === "pass") return "✓ right";
  if (verdict === "fail") return `✗ ${checked === null ? "did not run" : "wrong"}: ${reason ?? digits(nmse)}`;
  return `n/a: ${reason ?? "not taken"}`;
}
