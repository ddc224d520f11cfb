import type { TermName } from "./terms.ts";

/** How texts say terms, the longer of two that begin alike first. */
const spoken: readonly (readonly [RegExp, TermName])[] = [
  [/\bworkgroup memory\b/, "workgroup memory"],
  [/\b(?:work)group\b/, "workgroup"],
  [/\bsubgroups?\b/, "subgroup"],
  [/\bregister tiles\b|\bregisters\b/, "registers"],
  [/\btiles?\b/, "tile"],
  [/\bbarriers?\b/, "barrier"],
  [/\bbanks?\b/, "bank"],
  [/\bshuffles?\b/, "shuffle"],
  [/\bthreads?\b/, "thread"],
  [/\batomics\b/, "atomic"],
];

/** A piece of a text, with the term that it is. */
export interface Piece {
  readonly text: string;
  readonly term: TermName | undefined;
}

/** A text in pieces: each term once, where it first appears. */
export function piecesOf(text: string): Piece[] {
  let pieces: Piece[] = [{ text, term: undefined }];
  for (const [pattern, term] of spoken) {
    const at = pieces.findIndex((piece) => piece.term === undefined && pattern.test(piece.text));
    const found = pieces[at]?.text ?? "";
    const match = pattern.exec(found);
    if (at < 0 || !match) continue;
    const [word] = match;
    const around = [
      { text: found.slice(0, match.index), term: undefined },
      { text: word, term },
      { text: found.slice(match.index + word.length), term: undefined },
    ];
    pieces = pieces.toSpliced(at, 1, ...around.filter((piece) => piece.text !== ""));
  }
  return pieces;
}
