import type { Command } from "commander";
import { mostDrafted } from "../generate/speculative/options.ts";
import { TextError } from "../text/text-error.ts";
import { positive } from "./arguments.ts";

/** The flags that say how tokens are proposed. */
export interface SpeculativeFlags {
  /** Tokens that prompt lookup proposes for a step. */
  readonly lookup?: number;
  readonly draftModel?: string;
  readonly draftMax?: number;
}

/** Adds the flags that say how tokens are proposed. */
export const addSpeculativeOptions = (command: Command): Command =>
  command
    .option("--lookup <n>", "propose up to n tokens a step, at most 7: what followed the last tokens before", positive)
    .option("--draft-model <model>", "a smaller model with the same tokens proposes what comes next")
    .option("--draft-max <n>", "with --draft-model: tokens proposed a step, at most 7 (default: 3)", positive);

/** Throws for flags that contradict one another. */
export function checkSpeculativeFlags({ lookup, draftModel, draftMax }: SpeculativeFlags): void {
  if (lookup !== undefined && draftModel !== undefined) {
    throw new TextError("--lookup and --draft-model both propose tokens: expected one of them");
  }
  if (draftMax !== undefined && draftModel === undefined) throw new TextError("--draft-max requires --draft-model");
  for (const [flag, tokens] of [
    ["--draft-max", draftMax],
    ["--lookup", lookup],
  ] as const) {
    if (tokens !== undefined && tokens > mostDrafted) {
      throw new TextError(`${flag} is ${tokens}, expected 1 to ${mostDrafted}`);
    }
  }
}
