// Algorithms that use attention's variants, or replace them, as subjects of the bench.
import {
  type AttentionOptions,
  cascadeAttention,
  latentAttention,
  linearAttention,
  type PlacelessScore,
  ringAttention,
  slice,
} from "../../src/index.ts";
import type { CallTensors } from "./call-shape.ts";
import type { AttentionCase } from "./case.ts";
import type { AttentionSubject } from "./plan.ts";
import { recurrenceNames } from "./recurrence-truth.ts";
import { recurrenceSubject } from "./recurrences.ts";

type Given = Pick<AttentionOptions, "mask" | "score" | "layout">;

/** Why an algorithm for two masks, contiguous rows and f32 only cannot take a call. */
function plainRefusal({ k, latent }: CallTensors, { mask = "causal", layout = "contiguous" }: Given) {
  if (latent) return "its keys come from latents: expanded and absorbed take it";
  if (layout !== "contiguous") return `it takes no ${typeof layout === "string" ? layout : layout.kind} layout`;
  if (k.dtype !== "f32") return `it takes keys and values of f32, not ${k.dtype === "u32" ? "integers" : k.dtype}`;
  return mask === "causal" || mask === "full" ? undefined : "it takes the masks causal and full";
}

/** Why an algorithm that computes in parts cannot take a score. */
function scoreRefusal(score: AttentionOptions["score"] = "none"): string | undefined {
  if (score === "none" || ("kind" in score && score.kind === "softcap")) return undefined;
  return "it takes scores that do not depend on positions: none, softcap";
}

/** A mask and a score that are not refused. */
const narrow = ({ mask = "causal", score = "none" }: Given) =>
  ({ mask, score }) as { readonly mask: "causal" | "full"; readonly score: PlacelessScore };

/** Maximum head width of linear attention. */
const widest = 256;

const linear: AttentionSubject = {
  name: "linear",
  definition: "linear",
  refusal: (_, tensors, options) => {
    const { score = "none" } = options;
    const [, , , d = 0] = tensors.q.shape;
    const plain = plainRefusal(tensors, options);
    if (plain !== undefined) return plain;
    if (score !== "none") return "it has no scores";
    return d > widest ? `heads are ${d} wide, it takes at most ${widest}` : undefined;
  },
  record: (gpu, { q, k, v }, options) => linearAttention(gpu, { q, k, v }, { mask: narrow(options).mask }),
  // A state of d × (dv + 1) for each head, to which each key is added, and which each query multiplies.
  flops: ({ batch, heads: { h, g, d, dv } }) =>
    batch.groups.reduce((sum, { count, t, s }) => sum + 2 * count * (s * g + t * h) * d * (dv + 1), 0),
};

const cascade: AttentionSubject = {
  name: "cascade",
  refusal: (_, tensors, options) =>
    tensors.prefix === undefined && !tensors.latent
      ? "the sequences have no common prefix; with --layouts prefix:keys they do"
      : (plainRefusal(tensors, options) ?? scoreRefusal(options.score)),
  record: (gpu, { q, k, v, prefix = 0 }, options) => {
    const [, , s = 0] = k.shape;
    // All sequences have a copy; the first one's is read.
    const shared = (x: typeof k) => slice(slice(x, 0, 0, 1), 2, 0, prefix);
    const own = (x: typeof k) => slice(x, 2, prefix, s);
    const parts = { prefix: { k: shared(k), v: shared(v) }, suffix: { k: own(k), v: own(v) } };
    return cascadeAttention(gpu, { q, ...parts }, narrow(options));
  },
};

const ring = (shards: number): AttentionSubject => ({
  name: `ring:${shards}`,
  refusal: (_, tensors, options) => plainRefusal(tensors, options) ?? scoreRefusal(options.score),
  record: (gpu, { q, k, v }, options) => ringAttention(gpu, { q, k, v }, { shards, ...narrow(options) }),
});

const latent = (form: "expanded" | "absorbed"): AttentionSubject => ({
  name: form,
  refusal: (_, tensors) => (tensors.latent ? undefined : "the cache holds keys and values, not latents"),
  record: (gpu, { q, latent: of }, { mask = "causal" }) => {
    if (!of) throw new RangeError("there are no latents");
    const { latents, weight, rope } = of;
    return latentAttention(gpu, { q, latents, weight }, { form, rope, mask });
  },
  flops: ({ batch, heads: { h, d, dv }, latent: widths }, livePairs) => {
    const { rank = 0, rope = 0 } = widths ?? {};
    const multiplied = batch.groups.reduce((sum, { count, t, s }) => sum + count * (form === "expanded" ? s : t), 0);
    const pair = form === "expanded" ? d + dv : 2 * rank + rope;
    return 2 * livePairs * pair + 2 * multiplied * h * rank * (d - rope + dv);
  },
});

/** Default number of shards of a ring. */
const usualShards = 4;

/** The algorithms by name; `ring` is also `ring:shards`. */
export const algorithms: Readonly<Record<string, () => AttentionSubject>> = {
  linear: () => linear,
  cascade: () => cascade,
  ring: () => ring(usualShards),
  expanded: () => latent("expanded"),
  absorbed: () => latent("absorbed"),
};

/** The forms that `--variants` accepts other than the variants of the table. */
export const algorithmNames: readonly string[] = [
  ...Object.keys(algorithms),
  ...recurrenceNames,
  "ring:shards",
  ...recurrenceNames.map((name) => `${name}:variant`),
];

/** Reads the name of an algorithm; undefined for other names. */
export function parseAlgorithm(text: string): AttentionSubject | undefined {
  const [, shards] = /^ring:([1-9]\d{0,2})$/.exec(text) ?? [];
  if (shards !== undefined) return ring(Number(shards));
  return Object.hasOwn(algorithms, text) ? algorithms[text]?.() : recurrenceSubject(text);
}

/** The algorithms that apply to a case. */
export function algorithmsFor({ batch, heads, layout, dtype, mask, score, latent: widths }: AttentionCase): string[] {
  if (widths) return ["expanded", "absorbed"];
  const plain = dtype === "f32" && score.text === "none" && (mask.text === "causal" || mask.text === "full");
  if (!plain) return [];
  if (layout.prefix !== undefined) return ["cascade"];
  if (layout.kind !== "contiguous") return [];
  const { h, g } = heads;
  const isWhole = mask.text === "causal" && h === g && batch.groups.every(({ t, s }) => t === s);
  return ["linear", "ring", ...(isWhole ? recurrenceNames : [])];
}
