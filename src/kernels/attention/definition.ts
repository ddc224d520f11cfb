// What the records of all attention kernels have in common.
import type { Specialisation } from "../../gpu/specialise.ts";
import type { KernelContext } from "../kernel.ts";
import type { AttentionProblem } from "./options.ts";

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
  let pairs = 0;
  for (let row = 0; row < t; row++) {
    const [first, end] = visibleKeys({ t, s }, problem, row, row);
    pairs += end - first;
  }
  return b * h * pairs;
}

/**
 * The keys that queries `first` to `last` may see, as the masks' `key_range` has it: from the first up to but not
 * including the end. What a step will say is not known to the CPU: then it is what a full cache would give.
 */
export function visibleKeys(
  { t, s }: Sizes<"t" | "s">,
  problem: AttentionProblem,
  first: number,
  last: number,
): readonly [first: number, end: number] {
  const { mask, start, length } = problem.stepped ? { ...problem, start: s - t, length: s } : problem;
  const end = mask === "full" ? length : Math.max(0, Math.min(length, start + last + 1));
  const begin = typeof mask === "string" ? 0 : Math.max(0, start + first - mask.keys + 1);
  return [Math.min(begin, end), end];
}
