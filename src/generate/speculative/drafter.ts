import type { Tensor } from "../../tensor/tensor.ts";

/** What proposes tokens. */
export interface Drafter {
  /** At most `most` tokens that may come after `known`. */
  draft(known: readonly number[], most: number): readonly number[] | Promise<readonly number[]>;
  /**
   * Where tokens are drawn: what each of those proposed last was drawn by, `[8, v]` (see `tokenWeights`). Proposals that
   * are no draws, such as those of a text or the likeliest, have none.
   */
  readonly weights?: Tensor | undefined;
}
