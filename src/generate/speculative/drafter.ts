import type { Tensor } from "../../tensor/tensor.ts";
import type { Row } from "../session/row.ts";

/** A source of proposed tokens. */
export interface Drafter {
  /** Proposes at most `most` tokens after `known`. */
  draft(known: readonly number[], most: number): readonly number[] | Promise<readonly number[]>;
  /**
   * When drawing: the drawing weights of the last proposed tokens, `[8, v]` (see `tokenWeights`). Proposals that are
   * not drawn, such as repeated text or the likeliest token, have none.
   */
  readonly weights?: Tensor | undefined;
}

/** How often each token was seen, as `penalise` counts; undefined if `counted` is false. */
interface Counts {
  /** `[v]` */
  readonly values: Uint32Array<ArrayBuffer>;
  add(token: number): void;
}

/** The counts of a row so far. */
export function countsOf({ promptTokens, tokens }: Row, vocabulary: number, counted: boolean): Counts {
  const values = new Uint32Array(counted ? vocabulary : 0);
  const add = (token: number) => {
    if (counted) values[token] = (values[token] ?? 0) + 1;
  };
  if (counted) for (const token of promptTokens) values[token] = 2 ** 31; // bit 31: the token occurs in the prompt
  for (const token of tokens) add(token);
  return { values, add };
}
