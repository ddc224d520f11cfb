import type { Row } from "../row.ts";

/** How often each token was seen, as `penalise` counts; nothing where `counted` is false. */
export interface Counts {
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
