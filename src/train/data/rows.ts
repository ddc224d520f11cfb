import { drawn, shuffled } from "./draw.ts";
import { packDocuments, type Row } from "./pack-documents.ts";
import type { TokenDocuments } from "./tokens.ts";

export type { Row } from "./pack-documents.ts";

/** Documents of which rows are drawn, as often as their weight says. */
export interface WeightedDocuments extends TokenDocuments {
  /** Relative to the others'. */
  readonly weight: number;
}

/**
 * Rows of a training in an order that is a function of their number, so that nothing but that number has to be kept to go
 * on where it ended.
 */
export interface RowOrder {
  /** Rows after which each has come once; undefined where they are drawn with replacement. */
  readonly epoch: number | undefined;
  /** The row of a number from 0 on. */
  row(number: number): Row;
}

/** The target of a prediction that does not count. */
const ignored = -100;

/** `context` tokens from `begin` on and what follows each; after the end of the tokens 0, with targets that do not count. */
function windowAt(tokens: Uint32Array, begin: number, context: number): Row {
  const at = (i: number) => tokens[begin + i];
  return {
    ids: Array.from({ length: context }, (_, i) => at(i) ?? 0),
    targets: Array.from({ length: context }, (_, i) => at(i + 1) ?? ignored),
  };
}

/** Throws RangeError where no token of documents has another after it. */
function assertLong(documents: readonly TokenDocuments[]): void {
  if (documents.every(({ tokens }) => tokens.length >= 2)) return;
  throw new RangeError("data: has fewer than two tokens, so there is nothing to predict");
}

/**
 * Windows drawn at random, with replacement, from documents one after the other (nanoGPT's way): attention crosses from one
 * document to the next. Of several sets of documents, each row's is drawn by the weights. What is shorter than the context
 * is one window, filled up.
 */
export function randomWindows(
  documents: readonly WeightedDocuments[],
  { context, seed }: { readonly context: number; readonly seed: number },
): RowOrder {
  assertLong(documents);
  const ends: number[] = [];
  for (const { weight } of documents) ends.push((ends.at(-1) ?? 0) + weight);
  return {
    epoch: undefined,
    row(number) {
      const at = drawn(seed, "source", number) * (ends.at(-1) ?? 0);
      const one = documents[ends.findIndex((end) => at < end)] as WeightedDocuments;
      const starts = Math.max(1, one.tokens.length - context);
      return windowAt(one.tokens, Math.floor(drawn(seed, "window", number) * starts), context);
    },
  };
}

/** The windows of documents one after the other, each token a target once, in their order. */
export function allWindows({ tokens }: TokenDocuments, context: number): readonly Row[] {
  const count = Math.max(1, Math.ceil((tokens.length - 1) / context));
  return Array.from({ length: count }, (_, i) => windowAt(tokens, i * context, context));
}

/** How rows of an epoch are made: windows that cross from one document to the next, or whole documents. */
export type Packing = "windows" | "documents";

/** Every row of documents once in an order drawn from the seed, then again in another one, and so on. */
export function shuffledEpochs(
  documents: TokenDocuments,
  { context, seed, packing }: { readonly context: number; readonly seed: number; readonly packing: Packing },
): RowOrder {
  assertLong([documents]);
  const { tokens } = documents;
  const packed = packing === "documents" ? packDocuments(documents, context) : undefined;
  const epoch = packed ? packed.length : Math.max(1, Math.ceil((tokens.length - 1) / context));
  return {
    epoch,
    row(number) {
      const at = shuffled(seed, Math.floor(number / epoch), number % epoch, epoch);
      return packed ? (packed[at]?.() as Row) : windowAt(tokens, at * context, context);
    },
  };
}
