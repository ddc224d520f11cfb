/** What proposes tokens. */
export interface Drafter {
  /** At most `most` tokens that may come after `known`. */
  draft(known: readonly number[], most: number): readonly number[] | Promise<readonly number[]>;
}
