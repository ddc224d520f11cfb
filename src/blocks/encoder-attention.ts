import type { Gpu } from "../gpu/gpu.ts";
import { tableAttention } from "../kernels/attention/attention.ts";
import { full } from "../kernels/attention/masks/full.ts";
import { keyPadding } from "../kernels/attention/masks/key-padding.ts";
import { local } from "../kernels/attention/masks/local.ts";
import { type NamedMask, namedMaskMod } from "../kernels/attention/masks/mask.ts";
import type { MaskRecord } from "../kernels/attention/records/mask-record.ts";
import type { WeightDropout } from "../kernels/attention/records/mod.ts";
import { byName } from "../kernels/attention/records/parameters.ts";
import type { ScoreRecord } from "../kernels/attention/records/score-record.ts";
import { none } from "../kernels/attention/scores/none.ts";
import { type NamedScore, namedScoreMod } from "../kernels/attention/scores/score.ts";
import { signedRelativeBias } from "../kernels/attention/scores/signed-relative-bias.ts";
import type { RaggedLayout } from "../kernels/kv-cache/layouts/ragged.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The masks that encoders have. */
export type EncoderMask = Extract<NamedMask, "full" | { readonly kind: "local" | "key-padding" }>;

/** The scores that encoders have. */
export type EncoderScore = Extract<NamedScore, "none" | { readonly kind: "signed-relative-bias" }>;

/** Which tokens see which, and what is added to the scaled dot products. */
export interface Sight {
  readonly layout?: "contiguous" | RaggedLayout | undefined;
  readonly mask?: EncoderMask | undefined;
  readonly score?: EncoderScore | undefined;
  /** Set in training: the log-sum-exp that the gradient reads is computed, and weights may be dropped. */
  readonly training?: { readonly dropout?: WeightDropout | undefined } | undefined;
}

/** The masks of encoders: the tables of masks and scores are not needed by a page that runs one. */
const encoderMasks = byName<MaskRecord>([full, local, keyPadding]);

const encoderScores = byName<ScoreRecord>([none, signedRelativeBias]);

/** Makes a score of encoders known to attention's kernels. Throws `OptionError` for one that does not exist. */
export const checkScore = (score: EncoderScore): void => void namedScoreMod(score, encoderScores);

/** Attention of tokens over one another, without a cache: q, k and v `[b, h, t, d]` → `[b, h, t, d]`. */
export function encoderAttention(
  gpu: Gpu,
  heads: { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor },
  { layout = "contiguous", mask = "full", score = "none", training }: Sight,
  scale: number,
): Tensor {
  namedMaskMod(mask, encoderMasks);
  checkScore(score);
  return tableAttention(gpu, heads, { mask, score, layout, scale, ...(training && { ...training, lse: true }) }).out;
}
