import type { Figures, Shown, Values } from "../../../examples/14-course/experiment.ts";
import type { SectionId } from "../../../examples/14-course/sections.ts";

/** What a run has found. */
export interface Found {
  readonly figures: Figures;
  readonly seconds: number;
  /** The kernels that ran, by their files' names. */
  readonly kernels: readonly string[];
}

/** Calls of the page to its worker. */
export interface Calls {
  /** Runs the experiment of a section; `models` is the address of the bundled models. */
  readonly run: [{ readonly id: SectionId; readonly values: Values; readonly models: string }, Found, Shown];
}
