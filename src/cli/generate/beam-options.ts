import type { Command } from "commander";
import { TextError } from "../../text/text-error.ts";
import { count, number } from "../arguments.ts";

/** The flags of beam search. */
export interface BeamFlags {
  readonly beams?: number;
  readonly lengthPenalty?: number;
  readonly earlyStopping?: boolean | "never";
  /** `--no-repeat-ngram`: commander strips "no" from names; true if it is absent. */
  readonly repeatNgram?: number | true;
}

const stoppings = { true: true, false: false, never: "never" } as const;

/** When a search stops. Throws `TextError` for other words. */
function stopping(word: string): boolean | "never" {
  const known = Object.entries(stoppings).find(([name]) => name === word);
  if (known) return known[1];
  throw new TextError(`--early-stopping is ${JSON.stringify(word)}, expected true, false or never`);
}

/** Adds the flags of beam search. */
export const addBeamOptions = (command: Command): Command =>
  command
    .option("--beams <n>", "search n texts at once for the likeliest one, in place of drawing; 1 is off", count)
    .option(
      "--length-penalty <x>",
      "with --beams: divide scores by length^x; above 0 longer texts gain (default: 1)",
      number,
    )
    .option(
      "--early-stopping <when>",
      "with --beams: true once n texts have ended, false once the best open one is no better, never once it cannot be " +
        "(default: false)",
      stopping,
    )
    .option("--no-repeat-ngram <n>", "no n tokens in a row occur twice; 0 is off", count);

/** Throws `TextError` for flags of a search without `--beams`. */
export function checkBeamFlags({ beams = 1, lengthPenalty, earlyStopping }: BeamFlags): void {
  if (beams > 1) return;
  if (lengthPenalty !== undefined) throw new TextError("--length-penalty requires --beams of 2 or more");
  if (earlyStopping !== undefined) throw new TextError("--early-stopping requires --beams of 2 or more");
}

/** The options of these flags. */
export const beamOptions = ({ beams, lengthPenalty, earlyStopping, repeatNgram }: BeamFlags) => ({
  beams,
  lengthPenalty,
  earlyStopping,
  noRepeatNgram: typeof repeatNgram === "number" ? repeatNgram : undefined,
});
