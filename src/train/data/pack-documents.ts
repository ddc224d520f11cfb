import { type TokenDocuments, targetAt } from "./tokens.ts";

/** A row of a batch. */
export interface Row {
  readonly ids: readonly number[];
  /** The token after each token; −100 where it does not count. */
  readonly targets: readonly number[];
  /** The row's document of each token, for attention within documents; unset: attention crosses them. */
  readonly documents?: readonly number[];
}

/** Tokens `[begin, end)` of a document; the token at `end` also belongs to the document, unless it is `last`. */
interface Piece {
  readonly begin: number;
  readonly end: number;
  readonly last: boolean;
}

/**
 * Packs whole documents into rows of `context` tokens; longer ones are split. The longest goes first, each into the
 * fullest row that has room for it (best-fit decreasing, Johnson 1973), so that there is little padding. No token is
 * lost, except in parts of long documents with nothing to learn, and the last token of a document predicts nothing.
 *
 * @returns functions that make the rows.
 */
export function packDocuments(documents: TokenDocuments, context: number): readonly (() => Row)[] {
  const { starts } = documents;
  const pieces: Piece[] = [];
  for (const [i, start] of starts.slice(0, -1).entries()) {
    const stop = starts[i + 1] as number;
    for (let begin = start; begin < stop; begin += context) {
      const end = Math.min(begin + context, stop);
      // A single token at the end has no successor, so there is nothing to learn.
      const last = end === stop;
      const learns = !documents.counts || documents.counts.subarray(begin + 1, last ? end : end + 1).includes(1);
      if (learns && (end - begin > 1 || end < stop)) pieces.push({ begin, end, last });
    }
  }
  pieces.sort((a, b) => b.end - b.begin - (a.end - a.begin) || a.begin - b.begin);
  /** Rows by their remaining space in tokens. */
  const withRoom = Array.from({ length: context + 1 }, (): Piece[][] => []);
  const rows: Piece[][] = [];
  for (const piece of pieces) {
    const length = piece.end - piece.begin;
    let room = length;
    while (room < context && withRoom[room]?.length === 0) room++;
    let row = room < context ? withRoom[room]?.pop() : undefined;
    if (!row) {
      row = [];
      room = context;
      rows.push(row);
    }
    row.push(piece);
    withRoom[room - length]?.push(row);
  }
  return rows.map((row) => () => rowOf(documents, row, context));
}

function rowOf(from: TokenDocuments, pieces: readonly Piece[], context: number): Row {
  const ids: number[] = [];
  const targets: number[] = [];
  const documents: number[] = [];
  for (const [document, { begin, end, last }] of pieces.entries()) {
    for (let at = begin; at < end; at++) {
      ids.push(from.tokens[at] as number);
      targets.push(last && at === end - 1 ? -100 : targetAt(from, at + 1));
      documents.push(document);
    }
  }
  while (ids.length < context) {
    ids.push(0);
    targets.push(-100);
    documents.push(pieces.length);
  }
  return { ids, targets, documents };
}
