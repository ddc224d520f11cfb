import { maxTopTokens } from "../../kernels/sampling/beams.ts";
import { maxBatch } from "../../kernels/step.ts";
import { shown } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import type { ResolvedOptions } from "../options.ts";
import { type BeamRules, candidatesOf } from "./search.ts";

/** Options for drawing tokens, without effect in a search. */
const drawing = ["temperature", "topK", "topP", "minP"] as const;

/** Their neutral values. */
const harmless: Readonly<Record<(typeof drawing)[number], number>> = { temperature: 0, topK: 0, topP: 1, minP: 0 };

/** Maximum beams for a number of sources and end tokens. */
const maxBeams = (sources: number, eos: number): number =>
  Math.min(Math.floor(maxBatch / sources), Math.floor(maxTopTokens / Math.max(2, 1 + eos)));

/** Throws `OptionError` for too many beams. */
export function checkBeams(where: string, beams: number, sources: number, eos: readonly number[]): void {
  const most = maxBeams(sources, eos.length);
  if (beams <= most) return;
  throw new OptionError(
    `${where}: beams is ${beams}, expected at most ${most} for ${sources === 1 ? "one prompt" : `${sources} prompts`} and ` +
      `${eos.length} end-of-text tokens: ${sources} · beams rows of ${maxBatch}, and ` +
      `${candidatesOf({ beams: 1, eos })} · beams of the ${maxTopTokens} best tokens of a row`,
  );
}

/**
 * The rules of a search with these options. Throws `OptionError` for too many beams, and for options that a search does
 * not have.
 */
export function beamRules(
  { beams, given, ...options }: ResolvedOptions,
  eos: readonly number[],
  sources: number,
): Omit<BeamRules, "maxTokens"> {
  checkBeams("generate", beams, sources, eos);
  const fail = (name: string, value: unknown, why: string): never => {
    throw new OptionError(`generate: beams is ${beams} and ${name} is ${shown(value)}: ${why}`);
  };
  for (const name of drawing) {
    const value = given[name] ?? harmless[name];
    if (value !== harmless[name]) fail(name, value, "a search draws no tokens; leave one of them out");
  }
  const none = { repetitionPenalty: 1, presencePenalty: 0, frequencyPenalty: 0 } as const;
  for (const name of ["repetitionPenalty", "presencePenalty", "frequencyPenalty"] as const) {
    const from = given[name] === undefined ? " of generation_config.json" : "";
    if (options[name] !== none[name]) {
      fail(name + from, options[name], `a search has no penalties; set it to ${none[name]}`);
    }
  }
  const without = "which a search does not have; leave one of them out";
  if (options.logprobs > 0) fail("logprobs", options.logprobs, without);
  if (options.guard > 0) fail("guard", given.guard, without);
  if (options.bias.size > 0) fail("logitBias", given.logitBias, without);
  if (options.stops.length > 0) fail("stop", given.stop, without);
  if (options.speculation) fail("speculative", given.speculative, without);
  if (options.constraints.length > 0) fail("constraint", given.constraint, without);
  return { beams, eos, lengthPenalty: given.lengthPenalty ?? 1, earlyStopping: given.earlyStopping ?? false };
}

/** Options of a search. */
interface SearchOptions {
  readonly lengthPenalty?: number | undefined;
  readonly earlyStopping?: boolean | "never" | undefined;
}

/** Throws `OptionError` for options of a search without one. */
export function checkOnlyWithBeams(given: SearchOptions, beams: number): void {
  for (const name of ["lengthPenalty", "earlyStopping"] as const) {
    if (beams > 1 || given[name] === undefined) continue;
    throw new OptionError(`generate: ${name} is ${shown(given[name])}, which requires beams of 2 or more`);
  }
}
