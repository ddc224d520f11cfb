import { shown } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";

/** Options of a search. */
interface SearchOptions {
  readonly lengthPenalty?: number | undefined;
  readonly earlyStopping?: boolean | "never" | undefined;
}

/** Throws `OptionError` for options of a search where there is none. */
export function checkOnlyWithBeams(given: SearchOptions, beams: number): void {
  for (const name of ["lengthPenalty", "earlyStopping"] as const) {
    if (beams > 1 || given[name] === undefined) continue;
    throw new OptionError(`generate: ${name} is ${shown(given[name])}, which requires beams of 2 or more`);
  }
}
