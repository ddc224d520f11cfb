import { type Check, checkValue, wrongKind } from "../../../options/checks.ts";
import { OptionError } from "../../../options/errors.ts";
import type { CustomScore } from "../custom/custom.ts";
import { madeByContent } from "../records/made.ts";
import type { Mod } from "../records/mod.ts";
import { byName, type Given, memo } from "../records/parameters.ts";
import { recordScore, type ScoreRecord } from "../records/score-record.ts";
import { none } from "./none.ts";
import { softcap } from "./softcap.ts";
import type { scores } from "./table.ts";

/** A score of the table: its name, or `{ kind, … }` with its parameters. */
export type NamedScore = Given<(typeof scores)[number]>;

/**
 * How a scaled dot product changes before the mask: not at all, by a function, or by several in order. Models apply a
 * cap before biases.
 */
export type AttentionScore = NamedScore | CustomScore | readonly AttentionScore[];

/** The scores of models, the only ones in a page that runs one. */
const models = byName<ScoreRecord>([none, softcap]);
const plain = new Map<string, Mod>();

/** Functions of scores, each made once: from parameters here, from other scores and from text in `made-mods.ts`. */
export const madeScores = madeByContent<Mod>();

/** The forms that a score may have; its record checks its parameters. */
export const scoreCheck: Check = (score) =>
  typeof score === "string" || (typeof score === "object" && score !== null)
    ? undefined
    : "the name of a score, an object with kind, or a list of scores";

export const isChain = (score: AttentionScore): score is readonly AttentionScore[] => Array.isArray(score);

/** True for scores of the table. */
export const isNamedScore = (score: AttentionScore): score is NamedScore =>
  typeof score === "string" || (!isChain(score) && score.kind !== "custom");

/** The function of a score of a table of records. Throws `OptionError` for invalid parameters. */
export function namedScoreMod(score: NamedScore, records: ReadonlyMap<string, ScoreRecord>): Mod {
  if (typeof score === "string") return memo(plain, score, () => recordScore(recordOf(score, records), {}));
  if (typeof score.kind !== "string") throw wrongKind("attention", "score", score, [...records.keys(), "custom"]);
  return memo(madeScores, score, () => recordScore(recordOf(score.kind, records), score));
}

/**
 * The function of a score of models, or of one that `makeMods` has made. Throws `OptionError` for invalid parameters.
 */
export function scoreMod(score: AttentionScore): Mod {
  checkValue("attention", "score", scoreCheck, score);
  if (isNamedScore(score)) return namedScoreMod(score, models);
  const mod = madeScores.get(score);
  if (!mod) throw new TypeError("attention: this takes scores of models, not custom ones or chains");
  return mod;
}

function recordOf(name: string, records: ReadonlyMap<string, ScoreRecord>): ScoreRecord {
  const record = records.get(name);
  if (record) return record;
  throw new OptionError(`attention: there is no score ${name}; there are ${[...records.keys(), "custom"].join(", ")}`);
}
