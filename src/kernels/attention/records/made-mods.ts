// Masks and scores that are made of others or of a user's text. Only public functions that take any of them import
// this: it reads WGSL, which a page that runs a model does not need.
import {
  callback,
  checkOptions,
  checkValue,
  either,
  fieldsOf,
  finite,
  object,
  oneOf,
  recordOf,
  required,
  text,
  wrongKind,
} from "../../../options/checks.ts";
import { OptionError } from "../../../options/errors.ts";
import { optionalTensor, tensorCheck } from "../../define/arguments.ts";
import { type CustomMask, customMask, customScore } from "../custom/custom.ts";
import { type AttentionMask, isNamedMask, madeMasks, maskCheck, namedMaskMod } from "../masks/mask.ts";
import { masks } from "../masks/table.ts";
import type { AttentionOptions } from "../options.ts";
import { type AttentionScore, isChain, isNamedScore, madeScores, namedScoreMod, scoreCheck } from "../scores/score.ts";
import { scores } from "../scores/table.ts";
import { chainScores, joinMasks } from "./joined.ts";
import type { MaskRecord } from "./mask-record.ts";
import type { MaskMod, Mod } from "./mod.ts";
import { byName, memo } from "./parameters.ts";
import type { ScoreRecord } from "./score-record.ts";

const allMasks = byName<MaskRecord>(masks);
const allScores = byName<ScoreRecord>(scores);

/** Members of `and` and `or`; each is checked as a mask. */
const list = (value: unknown) => (Array.isArray(value) ? undefined : "a list of masks");

const tensor = either(
  optionalTensor,
  object<{ tensor: unknown; pattern: unknown }>({ tensor: tensorCheck, pattern: required(text) }),
);

/** The fields of a user's mask or score. */
const custom = fieldsOf<CustomMask>({
  kind: required(oneOf("custom")),
  wgsl: required(text),
  params: recordOf(finite),
  tensors: recordOf(tensor),
  twin: callback,
});

/** The function of any mask. Throws `ShapeError` for parameters that make no sense, `ShaderError` for a user's text. */
export function anyMaskMod(mask: AttentionMask, depth = 0): MaskMod {
  checkValue("attention", "mask", maskCheck, mask);
  checkDepth("mask", depth);
  if (isNamedMask(mask)) return namedMaskMod(mask, allMasks);
  return memo(madeMasks, mask, () => {
    const each = (one: AttentionMask) => anyMaskMod(one, depth + 1);
    if ("and" in mask) {
      checkOptions("attention", fieldsOf({ and: list }), mask, "mask.");
      return joinMasks("and", mask.and.map(each));
    }
    if ("or" in mask) {
      checkOptions("attention", fieldsOf({ or: list }), mask, "mask.");
      return joinMasks("or", mask.or.map(each));
    }
    if (mask.kind !== "custom") throw wrongKind("attention", "mask", mask, ["custom"], undefined, ["and", "or"]);
    checkOptions("attention", custom, mask, "mask.");
    return customMask(mask);
  });
}

/** The function of any score. Throws as `anyMaskMod` does. */
export function anyScoreMod(score: AttentionScore, depth = 0): Mod {
  checkValue("attention", "score", scoreCheck, score);
  checkDepth("score", depth);
  if (isNamedScore(score)) return namedScoreMod(score, allScores);
  return memo(madeScores, score, () => {
    if (isChain(score)) return chainScores(score.map((one) => anyScoreMod(one, depth + 1)));
    checkOptions("attention", custom, score, "score.");
    return customScore(score);
  });
}

/** The levels of masks in masks, or of scores in scores. */
const deepest = 8;

function checkDepth(what: string, depth: number): void {
  if (depth > deepest) throw new OptionError(`attention: a ${what} of more than ${deepest} levels`);
}

/** Makes the functions of a call's mask and score, so that `maskMod` and `scoreMod` know them. Throws as they do. */
export function makeMods({ mask, score }: Pick<AttentionOptions, "mask" | "score">): void {
  if (mask !== undefined) anyMaskMod(mask);
  if (score !== undefined) anyScoreMod(score);
}
