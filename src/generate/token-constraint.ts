import { wordsOf } from "../kernels/sampling/restrict.ts";
import type { Row } from "./row.ts";
import type { SequenceState } from "./sequence-state.ts";

/**
 * Which tokens may come next in one row, such as those of a grammar. Its functions are called in turn: `mask` before each
 * token, `accept` after it. What they throw ends the generation.
 */
export interface TokenConstraint {
  /**
   * Sets bit `id % 32` of word `id >> 5` of `into`, ⌈vocabulary / 32⌉ zeros, for each token that may come next. Returns
   * false where all may; `into` is not read then. Where none may, the row ends with stop reason `stop`.
   */
  mask(into: Uint32Array<ArrayBuffer>): boolean | Promise<boolean>;
  /** Called with each token that was sampled, the end-of-text token too; not with those of an earlier generation. */
  accept(token: number): void;
  /**
   * Takes back the last `tokens` tokens that were accepted, at most 7: those that were proposed (`speculative`), of which
   * the ones that are kept are then accepted again. Without it nothing can be proposed under the constraint.
   */
  rollback?(tokens: number): void;
}

/**
 * Writes which tokens may come next in each of these rows, and returns those rows in which none may. `constraints` are by
 * index of the row.
 */
export async function writeMasks(
  state: SequenceState,
  rows: readonly Row[],
  constraints: readonly TokenConstraint[],
): Promise<Row[]> {
  const { gpu, programs } = state;
  const words = wordsOf(programs.decoder.config.vocabulary);
  const ended: Row[] = [];
  for (const row of rows) {
    const mask = new Uint32Array(words);
    if (!(await constraints[row.index]?.mask(mask))) mask.fill(0xffffffff);
    if (mask.every((word) => word === 0)) ended.push(row);
    else await gpu.write(state.allowed.storage, 4 * words * row.index, new Uint8Array(mask.buffer));
  }
  return ended;
}
