// Masks and scores that are made of others or of a user's text. Only what is public and takes any of them imports this:
// it reads WGSL, which a page that runs a model has no use for.
import { customMask, customScore } from "./custom/custom.ts";
import { chainScores, joinMasks } from "./joined.ts";
import { type AttentionMask, isNamedMask, madeMasks, maskMod } from "./masks/mask.ts";
import type { MaskMod, Mod } from "./mod.ts";
import type { AttentionOptions } from "./options.ts";
import { memo } from "./records/parameters.ts";
import { type AttentionScore, isChain, isNamedScore, madeScores, scoreMod } from "./scores/score.ts";

/** The function of any mask. Throws `ShapeError` for parameters that make no sense, `ShaderError` for a user's text. */
export function anyMaskMod(mask: AttentionMask): MaskMod {
  if (isNamedMask(mask)) return maskMod(mask);
  return memo(madeMasks, mask, () => {
    if ("and" in mask) return joinMasks("and", mask.and.map(anyMaskMod));
    return "or" in mask ? joinMasks("or", mask.or.map(anyMaskMod)) : customMask(mask);
  });
}

/** The function of any score. Throws as `anyMaskMod` does. */
export function anyScoreMod(score: AttentionScore): Mod {
  if (isNamedScore(score)) return scoreMod(score);
  return memo(madeScores, score, () => (isChain(score) ? chainScores(score.map(anyScoreMod)) : customScore(score)));
}

/** Makes the functions of a call's mask and score, so that `maskMod` and `scoreMod` know them. Throws as they do. */
export function makeMods({ mask, score }: Pick<AttentionOptions, "mask" | "score">): void {
  if (mask !== undefined) anyMaskMod(mask);
  if (score !== undefined) anyScoreMod(score);
}
