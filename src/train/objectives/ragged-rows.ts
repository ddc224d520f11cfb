import type { BatchInput, InputShape } from "./objective.ts";

/** Where rows stand that one sequence has all tokens of. */
export interface RaggedFit {
  /** The position, or the row of a table of positions, of a row's first token. */
  readonly first: number;
  /** Positions that there are from it on; unset: there is no end. */
  readonly context?: number | undefined;
}

/** How many numbers a batch of rows has for each token: as many rows as there are, all as long as the longest. */
const sizeOfRows = (rows: readonly (readonly number[])[]): number =>
  rows.length * rows.reduce((most, { length }) => Math.max(most, length), 0);

/** Lists of numbers one after the other in `size` numbers, the rest `rest`. */
export function joinedRows(rows: readonly (readonly number[])[], size: number, rest: number): Int32Array<ArrayBuffer> {
  const all = new Int32Array(size).fill(rest);
  let at = 0;
  for (const row of rows) {
    all.set(row, at);
    at += row.length;
  }
  return all;
}

/**
 * Rows of any lengths one after the other, `ids` and `positions` u32 `[b·t]`, with the `offsets` u32 `[b + 2]` of a ragged
 * layout: t is the length of the longest, and what is left is a sequence of its own, so that batches of as many rows with as
 * long a longest one share a program.
 */
export function raggedRows(rows: readonly (readonly number[])[], { first, context }: RaggedFit) {
  const size = sizeOfRows(rows);
  const positions = new Uint32Array(size);
  const offsets = new Uint32Array(rows.length + 2);
  let at = 0;
  for (const [i, { length }] of rows.entries()) {
    for (let token = 0; token < length; token++) positions[at + token] = first + token;
    at += length;
    offsets[i + 1] = at;
  }
  for (let token = at; token < size; token++) positions[token] = first + ((token - at) % (context ?? size));
  offsets[rows.length + 1] = size;
  const { ids: ofIds, positions: ofPositions, offsets: ofOffsets } = raggedShapes(rows.length, size);
  return {
    ids: { ...ofIds, values: new Uint32Array(joinedRows(rows, size, 0).buffer) },
    positions: { ...ofPositions, values: positions },
    offsets: { ...ofOffsets, values: offsets },
  } satisfies Readonly<Record<string, BatchInput>>;
}

/** The shapes of `raggedRows` of so many rows and so many tokens in all. */
export const raggedShapes = (rows: number, tokens: number) =>
  ({
    ids: { shape: [tokens], dtype: "u32" },
    positions: { shape: [tokens], dtype: "u32" },
    offsets: { shape: [rows + 2], dtype: "u32" },
  }) satisfies Readonly<Record<string, InputShape>>;
