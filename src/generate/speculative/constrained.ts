import { wordsOf } from "../../kernels/sampling/restrict.ts";
import type { TokenConstraint } from "../token-constraint.ts";
import type { Verifier } from "./verifier.ts";

/**
 * Writes which tokens may come next after the last token and after each of `drafts`, which it cuts off where a constraint
 * does not let them come, and returns them; undefined where none may come even after the last token. The constraint has
 * then accepted those that are left.
 */
export async function allowDrafts(
  verifier: Verifier,
  constraint: TokenConstraint,
  drafts: readonly number[],
  vocabulary: number,
): Promise<readonly number[] | undefined> {
  for (let row = 0; row <= drafts.length; row++) {
    const mask = new Uint32Array(wordsOf(vocabulary));
    if (!(await constraint.mask(mask))) mask.fill(0xffffffff);
    if (mask.every((word) => word === 0)) {
      if (row === 0) return undefined;
      takeBack(constraint, 1); // so that this draft is the next token of the row before
      return drafts.slice(0, row - 1);
    }
    await verifier.allow(row, mask);
    const draft = drafts[row];
    if (draft === undefined) break;
    if ((((mask[draft >> 5] ?? 0) >>> (draft % 32)) & 1) === 0) return drafts.slice(0, row);
    constraint.accept(draft);
  }
  return drafts;
}

/** Takes back the last tokens that a constraint has accepted. */
export function takeBack(constraint: TokenConstraint, tokens: number): void {
  if (tokens > 0) constraint.rollback?.(tokens);
}
