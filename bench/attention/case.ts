import { type Batch, parseBatch } from "./batch.ts";
import { type CacheFormat, formatRefusal, parseFormat } from "./inputs/formats.ts";
import { type Heads, parseHeads } from "./inputs/heads.ts";
import { type Latent, latentRefusal } from "./inputs/latents.ts";
import { type BenchLayout, contiguous, latentLayout, layoutRefusal, parseLayout } from "./inputs/layouts.ts";
import { type BenchMask, parseMask } from "./inputs/masks.ts";
import { type BenchScore, parseScore } from "./inputs/scores.ts";
import { noOwn, type OwnMods } from "./own.ts";
import { findPreset } from "./presets.ts";

/** One problem, on which every variant runs. */
export interface AttentionCase {
  readonly batch: Batch;
  readonly heads: Heads;
  readonly mask: BenchMask;
  readonly score: BenchScore;
  /** Storage format of keys and values; queries and results are f32. */
  readonly dtype: CacheFormat;
  readonly layout: BenchLayout;
  /** The latents' widths, if the cache holds latents. */
  readonly latent?: Latent | undefined;
  /** The model with these shapes, and its number of layers. */
  readonly model?: string | undefined;
  readonly layers: number;
  /** Why no variant can run it. */
  readonly missing?: string | undefined;
  /** Names of the subjects measured on it; default all that apply. */
  readonly variants?: readonly string[] | undefined;
}

/** A case in the command line's notation; default heads are `8x64`, or those of `model`. */
export interface CaseText {
  readonly batch: string;
  readonly heads?: string | undefined;
  readonly mask?: string | undefined;
  readonly score?: string | undefined;
  readonly dtype?: string | undefined;
  readonly layout?: string | undefined;
  readonly model?: string | undefined;
  readonly variants?: readonly string[] | undefined;
}

/** Parses a case. Throws a RangeError for invalid words. */
export function attentionCase(words: CaseText, own: OwnMods = noOwn): AttentionCase {
  const [model, preset] = words.model === undefined ? [] : findPreset(words.model);
  const latent = preset?.latent;
  const given = {
    batch: parseBatch(words.batch),
    heads: parseHeads(words.heads ?? preset?.heads ?? "8x64"),
    mask: parseMask(words.mask ?? preset?.mask ?? "causal", own.masks),
    score: parseScore(words.score ?? preset?.score ?? "none", own.scores),
    dtype: parseFormat(words.dtype ?? "f32"),
    layout: words.layout === undefined ? contiguous : parseLayout(words.layout),
    model,
    latent,
    layers: preset?.layers ?? 1,
    variants: words.variants,
  };
  const missing = missingFrom(given);
  return latent && !missing ? { ...given, layout: latentLayout } : { ...given, missing };
}

/** Why no variant can run a case, from its format and layout. */
function missingFrom({ batch, heads, dtype, layout, latent, score }: Omit<AttentionCase, "missing">) {
  const { groups } = batch;
  if (!latent) return formatRefusal(dtype, [heads.d, heads.dv]) ?? layoutRefusal(layout, groups);
  if (dtype !== "f32") return `latents are stored as f32, not ${dtype}`;
  if (layout.kind !== "contiguous") return `latents are contiguous, not ${layout.text}`;
  if (score.text !== "none") return `latent attention takes no score, but the case has ${score.text}`;
  return latentRefusal(heads, latent);
}

/** A case's name in one line. */
export function caseName({ batch, heads, mask, score, dtype, layout }: AttentionCase): string {
  return [
    ...[batch.text, mask.text, ...(score.text === "none" ? [] : [score.text]), heads.text, dtype],
    ...(layout.kind === "contiguous" ? [] : [layout.text]),
  ].join(" ");
}
