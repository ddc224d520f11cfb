import type { TermName } from "./terms.ts";

/** A word of its own, not a piece of a file's name. */
const whole = (pattern: string) => new RegExp(`(?<![\\w/-])(?:${pattern})(?![\\w/])`);

/** How texts say terms, the longer of two that begin alike first. */
const spoken: readonly (readonly [RegExp, TermName])[] = [
  [whole("workgroup memory"), "workgroup memory"],
  [whole("workgroup"), "workgroup"],
  [whole("subgroups?"), "subgroup"],
  [whole("register tiles|registers?"), "registers"],
  [whole("tiles?"), "tile"],
  [whole("barriers?"), "barrier"],
  [whole("banks?"), "bank"],
  [whole("shuffles?"), "shuffle"],
  [whole("threads?"), "thread"],
  [whole("atomics|atomic functions?"), "atomic"],
  [whole("storage"), "storage"],
  [whole("sectors? of 32 bytes"), "sector"],
  [whole("Requests"), "requested"],
  [whole("rung"), "ladder"],
  [whole("strides?"), "stride"],
  [whole("parts"), "part"],
  [whole("LANES"), "lane"],
  [whole("Vectors?"), "Vector"],
  [whole("in runs"), "run"],
  [whole("activation"), "activation"],
  [whole("[Oo]nline softmax"), "online softmax"],
  [whole("[Ss]oftmax"), "softmax"],
  [whole("[Rr]otary position embedding"), "RoPE"],
  [whole("query|queries"), "attention"],
  [whole("heads?"), "head"],
  [whole("masks?|[Cc]ausal"), "mask"],
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
