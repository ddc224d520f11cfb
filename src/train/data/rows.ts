import {
  type Check,
  type Checks,
  checkOptions,
  checkValue,
  fieldsOf,
  integer,
  listOf,
  oneOf,
  positive,
  required,
} from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { drawn, shuffled } from "./draw.ts";
import { packDocuments, type Row } from "./pack-documents.ts";
import { type TokenDocuments, targetAt, tokensCheck, tokensChecks } from "./tokens.ts";

export type { Row } from "./pack-documents.ts";

/** Documents of which rows are drawn, as often as their weight says. */
export interface WeightedDocuments extends TokenDocuments {
  /** Relative to the others'; default the number of their tokens. */
  readonly weight?: number | undefined;
}

/** How rows are made. */
export interface RowOptions {
  /** Tokens of a row. */
  readonly context: number;
  /** A u32 that says which rows are drawn, or their order. */
  readonly seed: number;
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

type Tokens = Omit<TokenDocuments, "starts">;
const rowChecks: Checks<RowOptions> = {
  context: required(integer(1)),
  seed: required(integer(0, 2 ** 32 - 1)),
};
const windowFields = fieldsOf<RowOptions>(rowChecks);
const epochFields = fieldsOf<EpochOptions>({ ...rowChecks, packing: oneOf("windows", "documents") });
const record: Check = (value) =>
  typeof value === "object" && value !== null ? undefined : "an object with tokens and starts";
const weightedFields = fieldsOf<WeightedDocuments>({ ...tokensChecks, weight: positive });

/** `context` tokens from `begin` on and what follows each; after the end of the tokens 0, with targets that do not count. */
function windowAt(from: Tokens, begin: number, context: number): Row {
  return {
    ids: Array.from({ length: context }, (_, i) => from.tokens[begin + i] ?? 0),
    targets: Array.from({ length: context }, (_, i) => targetAt(from, begin + i + 1)),
  };
}

/** True where the window from `begin` on has a token to learn: of conversations some have none. */
const learns = ({ counts }: Tokens, begin: number, context: number): boolean =>
  !counts || counts.subarray(begin + 1, begin + context + 1).includes(1);

/** The beginnings of windows one after the other in which something is learnt. */
function beginnings(from: Tokens, context: number): number[] {
  const count = Math.max(1, Math.ceil((from.tokens.length - 1) / context));
  const all = Array.from({ length: count }, (_, i) => i * context);
  return all.filter((begin) => learns(from, begin, context));
}

/** Most windows that are drawn for a row until one has something to learn. */
const mostDraws = 1000;
/** What draws of a row are apart by: more than there are rows. */
const nextDraw = 2 ** 40;

/** Throws OptionError where no token of documents has another after it, or none that is learnt. */
function assertLong(documents: readonly TokenDocuments[]): void {
  if (documents.every((one) => one.tokens.length >= 2 && learns(one, 0, one.tokens.length))) return;
  throw new OptionError("data: has fewer than two tokens, so there is nothing to predict");
}

/**
 * Windows drawn at random, with replacement, from documents one after the other (nanoGPT's way): attention crosses from one
 * document to the next. Of several sets of documents, each row's is drawn by the weights. What is shorter than the context
 * is one window, filled up. Of conversations a window without a token of an answer is drawn anew.
 */
export function randomWindows(documents: readonly WeightedDocuments[], options: RowOptions): RowOrder {
  checkValue("randomWindows", "documents", listOf(record), documents);
  for (const [i, one] of documents.entries()) {
    checkOptions("randomWindows", weightedFields, one, `documents[${i}].`);
  }
  checkOptions("randomWindows", windowFields, options);
  assertLong(documents);
  const { context, seed } = options;
  const ends: number[] = [];
  for (const { tokens, weight = tokens.length } of documents) ends.push((ends.at(-1) ?? 0) + weight);
  return {
    epoch: undefined,
    row(number) {
      const at = drawn(seed, "source", number) * (ends.at(-1) ?? 0);
      const one = documents[ends.findIndex((end) => at < end)] as WeightedDocuments;
      const starts = Math.max(1, one.tokens.length - context);
      for (let draw = 0; ; draw++) {
        const begin = Math.floor(drawn(seed, "window", number + draw * nextDraw) * starts);
        if (learns(one, begin, context) || draw === mostDraws) return windowAt(one, begin, context);
      }
    },
  };
}

/** The windows of documents one after the other, each token that is learnt a target once, in their order. */
export function allWindows(documents: TokenDocuments, context: number): readonly Row[] {
  checkValue("allWindows", "documents", tokensCheck, documents);
  checkValue("allWindows", "context", integer(1), context);
  return beginnings(documents, context).map((begin) => windowAt(documents, begin, context));
}

/** How rows of an epoch are made: windows that cross from one document to the next, or whole documents. */
export type Packing = "windows" | "documents";

/** How the rows of an epoch are made. */
export interface EpochOptions extends RowOptions {
  /** Default `windows`. */
  readonly packing?: Packing | undefined;
}

/** Every row of documents once in an order drawn from the seed, then again in another one, and so on. */
export function shuffledEpochs(documents: TokenDocuments, options: EpochOptions): RowOrder {
  checkValue("shuffledEpochs", "documents", tokensCheck, documents);
  checkOptions("shuffledEpochs", epochFields, options);
  assertLong([documents]);
  const { context, seed, packing = "windows" } = options;
  const packed =
    packing === "documents"
      ? packDocuments(documents, context)
      : beginnings(documents, context).map((begin) => () => windowAt(documents, begin, context));
  const epoch = packed.length;
  if (epoch === 0) throw new OptionError("data: no document has a token to predict after another");
  return {
    epoch,
    row: (number) => packed[shuffled(seed, Math.floor(number / epoch), number % epoch, epoch)]?.() as Row,
  };
}
