import type { CaseReport } from "../../src/check/report.ts";
import type { TuneResult } from "../../src/index.ts";
import type { ModelRow } from "../models/result.ts";
import type { BenchRow, Environment, Peaks } from "../result.ts";

/** The parts of a report, in the order in which they are measured. */
export const partNames = ["checks", "attention", "products", "norms", "block", "generation", "tuning"] as const;
export type PartName = (typeof partNames)[number];

/** A case of an op on a variant, compared with float64. Figures have three digits. */
export interface OpCheck extends CaseReport {
  readonly op: string;
}

/** A call that the tuner measured: its own choice, that of the op's table, and the times of all variants. */
export type Tuned = Pick<TuneResult["rows"][number], "key" | "choice" | "untuned" | "variants">;

/** What a report lacks. */
export interface LeftOut {
  readonly part: PartName;
  readonly why: string;
  /** How many cases, tests or calls. */
  readonly count: number;
  /** Their names; of checks those of op and variant, with how many cases if these are several. */
  readonly what: readonly string[];
}

/** How one device did: the file of `shaderformer bench report`. */
export interface DeviceReport {
  /** The version of this form. */
  readonly format: 1;
  /** Versions by name: of the package, of Node and Dawn or of the browser. */
  readonly versions: Readonly<Record<string, string>>;
  readonly environment: Environment;
  readonly peaks: Peaks | null;
  /** Seconds that each part took. */
  readonly seconds: Readonly<Partial<Record<PartName, number>>>;
  /** True of a run that was stopped. */
  readonly interrupted: boolean;
  readonly leftOut: readonly LeftOut[];
  readonly checks: readonly OpCheck[];
  /** Attention, products, norms and blocks, in the form of all benches. */
  readonly rows: readonly BenchRow[];
  /** Tests of a model, in llama-bench's form. */
  readonly generation: readonly ModelRow[];
  readonly tuning: readonly Tuned[];
}
