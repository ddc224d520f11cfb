// The measured parts of attention's gradients, and their work.
import type { attentionBackward } from "../../../src/train/index.ts";
import type { AttentionCase, CaseText } from "../case.ts";

/** The name of a variant of attention's gradients. */
export type Variant = keyof typeof attentionBackward.variants;

/** Only names, so that a page that lists them needs no kernels. */
const named = { materialised: true, rows: true, flash: true } as const satisfies Record<Variant, true>;

/** The variants of attention's gradients. */
export const backwardVariants = Object.keys(named) as Variant[];

/** Reads the name of a variant. Throws a RangeError that lists the names. */
export function parseVariant(text: string): Variant {
  const found = backwardVariants.find((name) => name === text);
  if (found) return found;
  throw new RangeError(
    `there is no variant "${text}" of attention's gradients; there are ${backwardVariants.join(", ")}`,
  );
}

/** What a row measures: attention alone, with what its gradients need, its gradients, or both. */
export interface Subject {
  readonly name: string;
  /** Matrix products, of which attention has 2. */
  readonly products: number;
  readonly variant?: Variant;
  readonly kind: "inference" | "forward" | "backward" | "both";
}

/** Attention alone, then gradients of these variants, then both in one program; or those of these kinds. */
export function subjectsFor(
  variants: readonly Variant[],
  kinds: readonly Subject["kind"][] = ["inference", "forward", "backward", "both"],
): Subject[] {
  const all: readonly Subject[] = [
    { name: "inference", products: 2, kind: "inference" },
    { name: "forward", products: 2, kind: "forward" },
    ...variants.map((variant): Subject => ({ name: variant, products: 5, kind: "backward", variant })),
    ...variants.map((variant): Subject => ({ name: `forward+${variant}`, products: 7, kind: "both", variant })),
  ];
  return all.filter(({ kind }) => kinds.includes(kind));
}

/** The default cases: lengths, heads that share keys, and a kind each of mask and score. */
export const standardBackwardCases: readonly CaseText[] = [
  { batch: "q128", heads: "4x64" },
  { batch: "q1k", heads: "4x64" },
  { batch: "2q256", heads: "8/2x64" },
  { batch: "q512", heads: "4x64", mask: "sliding-window:64" },
  { batch: "q113s211", heads: "3x80", mask: "full" },
  { batch: "q256", heads: "4x64", score: "softcap:20" },
];

/** Why gradients of a case are not measured; undefined if they are. */
export function refusalOf({ batch, dtype, layout, latent, missing }: AttentionCase): string | undefined {
  if (missing !== undefined) return missing;
  if (latent) return "gradients of latent attention are those of its projections and of attention";
  if (layout.kind !== "contiguous") return `gradients of a ${layout.text} layout are not computed; expected contiguous`;
  if (dtype !== "f32") return `keys and values are ${dtype}, gradients need f32`;
  return batch.groups.length === 1 ? undefined : "sequences of several lengths, expected one";
}

/** Operations of a row's matrix products: each has two for a pair and a column. */
export const productFlops = ({ heads: { d, dv } }: AttentionCase, pairs: number, { products }: Subject) =>
  2 * pairs * (products === 2 ? d + dv : products === 5 ? 3 * d + 2 * dv : 4 * d + 3 * dv);

/** Each element of inputs and outputs, moved once. */
export function bytesOf({ batch, heads: { h, g, d, dv } }: AttentionCase, { kind }: Pick<Subject, "kind">): number {
  const [{ count: b, t, s } = { count: 0, t: 0, s: 0 }] = batch.groups;
  const [queries, results, keys, rows] = [b * t * h * d, b * t * h * dv, b * g * s * (d + dv), b * t * h];
  const forward = queries + results + keys + (kind === "inference" ? 0 : rows);
  const backward = 2 * queries + 2 * results + 2 * keys + rows;
  return 4 * ((kind === "backward" ? 0 : forward) + (kind === "backward" || kind === "both" ? backward : 0));
}
