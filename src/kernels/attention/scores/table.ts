import { alibi } from "./alibi.ts";
import { bias } from "./bias.ts";
import { headBias } from "./head-bias.ts";
import { none } from "./none.ts";
import { relativeBias } from "./relative-bias.ts";
import { signedRelativeBias } from "./signed-relative-bias.ts";
import { softcap } from "./softcap.ts";

/** All scores, in the order of lists. To add one, see docs/guides/add-a-score.md. */
export const scores = [none, softcap, alibi, relativeBias, signedRelativeBias, bias, headBias] as const;

/** The name of a score. */
export type ScoreName = (typeof scores)[number]["name"];
