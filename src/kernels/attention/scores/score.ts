import { ShapeError } from "../../../tensor/shape.ts";
import { type CustomScore, customScore } from "../custom/custom.ts";
import { chainScores } from "../joined.ts";
import type { Mod } from "../mod.ts";
import { byName, type Given, memo } from "../records/parameters.ts";
import { recordScore, type ScoreRecord } from "../records/score-record.ts";
import { scores } from "./table.ts";

/** A score of the table: its name, or where it has parameters `{ kind, … }` with them. */
export type NamedScore = Given<(typeof scores)[number]>;

/**
 * What becomes of a scaled dot product before the mask: nothing, a function, or several one after the other. In the
 * field a cap comes before what is added.
 */
export type AttentionScore = NamedScore | CustomScore | readonly AttentionScore[];

const records = byName<ScoreRecord>(scores);
const made = new WeakMap<object, Mod>();
const plain = new Map<string, Mod>();

/** The function of a score. Throws `ShapeError` for parameters that make no sense, `ShaderError` for a user's text. */
export function scoreMod(score: AttentionScore): Mod {
  if (typeof score === "string") return memo(plain, score, () => recordScore(recordOf(score), {}));
  return memo(made, score, () => {
    if (isChain(score)) return chainScores(score.map(scoreMod));
    return score.kind === "custom" ? customScore(score) : recordScore(recordOf(score.kind), score);
  });
}

const isChain = (score: AttentionScore): score is readonly AttentionScore[] => Array.isArray(score);

function recordOf(name: string): ScoreRecord {
  const record = records.get(name);
  if (record) return record;
  throw new ShapeError(`attention: there is no score ${name}; there are ${[...records.keys(), "custom"].join(", ")}`);
}
