// What the records of all attention kernels have in common.
import type { Specialisation } from "../../gpu/specialise.ts";
import type { KernelContext } from "../kernel.ts";
import type { AttentionMask, AttentionProblem } from "./options.ts";

/** Sizes of the axes of these names. */
export type Sizes<A extends string> = Readonly<Record<A, number>>;

/** The parts that a problem asks for, out of those that `joined` says the kernel has. */
export function attentionParts(
  { mask, score, lse, stepped }: AttentionProblem,
  joined: { readonly mask?: boolean; readonly score?: boolean; readonly lse?: boolean },
): string[] {
  return [
    ...(joined.mask ? [`attention/masks/${typeof mask === "string" ? mask : mask.kind}`] : []),
    ...(joined.score ? [`attention/scores/${typeof score === "string" ? score : score.kind}`] : []),
    ...(joined.lse && lse ? ["attention/lse/store"] : []),
    ...(stepped ? ["lib/extent/step"] : []),
  ];
}

/** Parts of a kernel that has all of them, and its constants. */
export const attentionShader = (
  problem: AttentionProblem,
  constants: Readonly<Record<string, number>>,
): Specialisation => ({ parts: attentionParts(problem, { mask: true, score: true, lse: true }), constants });

/** Parameters of masks and scores, and of the views where the kernel has them. */
export function attentionUniforms(
  { mask, score }: AttentionProblem,
  joined: { readonly views?: KernelContext; readonly mask?: boolean; readonly score?: boolean },
): Record<string, Record<string, number>> {
  return {
    ...(joined.views ? { views: viewsOf(joined.views) } : {}),
    ...(joined.mask && typeof mask !== "string" ? { mask_params: { keys: mask.keys } } : {}),
    ...(joined.score && typeof score !== "string" ? { score_params: { cap: score.cap } } : {}),
  };
}

function viewsOf({ strides, offsets }: KernelContext): Record<string, number> {
  const views: Record<string, number> = {};
  for (const name of ["q", "k", "v"]) {
    const [batch = 0, head = 0, token = 0] = strides[name] ?? []; // 0 for a tensor that the kernel does not read
    Object.assign(views, {
      [`${name}_first`]: offsets[name] ?? 0,
      [`${name}_batch`]: batch,
      [`${name}_head`]: head,
      [`${name}_token`]: token,
    });
  }
  return views;
}

/** Exact number of (query, key) pairs that the mask leaves, over all batch rows and query heads. */
export function visiblePairs({ b, h, t, s }: Sizes<"b" | "h" | "t" | "s">, problem: AttentionProblem): number {
  // What the step will say is not known here: the count is that of a full cache.
  const { mask, start, length } = problem.stepped ? { ...problem, start: s - t, length: s } : problem;
  let pairs = 0;
  for (let q = start; q < start + t; q++) {
    const [first, end] = keyRange(mask, q);
    pairs += Math.max(0, Math.min(end, length) - Math.max(first, 0));
  }
  return b * h * pairs;
}

/** The keys that the query at position q sees, from first up to but not including end. */
export function keyRange(mask: AttentionMask, q: number): readonly [first: number, end: number] {
  if (mask === "full") return [0, Number.POSITIVE_INFINITY];
  return mask === "causal" ? [0, q + 1] : [q - mask.keys + 1, q + 1];
}
