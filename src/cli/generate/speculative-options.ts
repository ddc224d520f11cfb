import type { Command } from "commander";
import { maxDrafted } from "../../generate/speculative/options.ts";
import { TextError } from "../../text/text-error.ts";
import { positive } from "../arguments.ts";

/** The flags for proposing tokens. */
export interface SpeculativeFlags {
  /** Tokens proposed by prompt lookup per step. */
  readonly lookup?: number;
  readonly draftModel?: string;
  readonly draftMax?: number;
}

/** Adds the flags for proposing tokens. */
export const addSpeculativeOptions = (command: Command): Command =>
  command
    .option("--lookup <n>", "propose up to n tokens a step, at most 7: what followed the last tokens earlier", positive)
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
    if (tokens !== undefined && tokens > maxDrafted) {
      throw new TextError(`${flag} is ${tokens}, expected 1 to ${maxDrafted}`);
    }
  }
}
