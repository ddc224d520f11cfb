import { wordsOf } from "../../kernels/sampling/restrict.ts";
import type { Row } from "./row.ts";
import type { SequenceState } from "./sequence-state.ts";

/**
 * Which tokens may come next in one row, such as those of a grammar. Its functions are called alternately: `mask`
 * before each token, `accept` after it. An error that they throw ends the generation.
 */
export interface TokenConstraint {
  /**
   * Sets bit `id % 32` of word `id >> 5` of `into`, ⌈vocabulary / 32⌉ zeros, for each allowed token. Returns false if
   * all are allowed; `into` is then ignored. If none is, the row ends with stop reason `stop`.
   */
  mask(into: Uint32Array<ArrayBuffer>): boolean | Promise<boolean>;
  /** Called with each sampled token, including the end-of-text token; not with those of an earlier generation. */
  accept(token: number): void;
  /**
   * Takes back the last `tokens` accepted tokens, at most 7: proposed ones (`speculative`); those that are kept are
   * then accepted again. Without it no tokens can be proposed under the constraint.
   */
  rollback?(tokens: number): void;
}

/**
 * Writes the allowed tokens of each of these rows, and returns the rows without any. `constraints` are by row index.
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
