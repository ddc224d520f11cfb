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
import { threefry2x32 } from "../../tensor/threefry.ts";
import { packDocuments, type Row } from "./pack-documents.ts";
import { type TokenDocuments, targetAt, tokensCheck, tokensChecks } from "./tokens.ts";

export type { Row } from "./pack-documents.ts";

/** Documents from which rows are drawn in proportion to their weight. */
export interface WeightedDocuments extends TokenDocuments {
  /** Relative to the others; default the number of their tokens. */
  readonly weight?: number | undefined;
}

/** How rows are made. */
export interface RowOptions {
  /** Tokens of a row. */
  readonly context: number;
  /** A u32 that determines the rows drawn, or their order. */
  readonly seed: number;
}

/** Training rows in an order that is a function of their number, so that resuming needs only that number. */
export interface RowOrder {
  /** Rows per epoch; undefined if they are drawn with replacement. */
  readonly epoch: number | undefined;
  /** The row with a number from 0 on. */
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

/**
 * `context` tokens from `begin` on and the token after each; beyond the last token 0, with targets that do not count.
 */
function windowAt(from: Tokens, begin: number, context: number): Row {
  return {
    ids: Array.from({ length: context }, (_, i) => from.tokens[begin + i] ?? 0),
    targets: Array.from({ length: context }, (_, i) => targetAt(from, begin + i + 1)),
  };
}

/** True if the window from `begin` on has a token to learn: in conversations some have none. */
const learns = ({ counts }: Tokens, begin: number, context: number): boolean =>
  !counts || counts.subarray(begin + 1, begin + context + 1).includes(1);

/** The beginnings of consecutive windows with something to learn. */
function beginnings(from: Tokens, context: number): number[] {
  const count = Math.max(1, Math.ceil((from.tokens.length - 1) / context));
  const all = Array.from({ length: count }, (_, i) => i * context);
  return all.filter((begin) => learns(from, begin, context));
}

/** Maximum windows drawn for a row until one has something to learn. */
const maxDraws = 1000;
/** Distance between counters of draws for one row: more than there are rows. */
const nextDraw = 2 ** 40;

/** Throws OptionError if no token of documents has a successor to learn. */
function assertLong(documents: readonly TokenDocuments[]): void {
  if (documents.every((one) => one.tokens.length >= 2 && learns(one, 0, one.tokens.length))) return;
  throw new OptionError("data: has fewer than two tokens, so there is nothing to predict");
}

/**
 * Windows drawn at random, with replacement, from concatenated documents (nanoGPT's way): attention crosses from one
 * document to the next. With several sets of documents, each row's is drawn by the weights. A set shorter than the
 * context is one padded window. In conversations, a window without a token of an answer is redrawn.
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
        if (learns(one, begin, context) || draw === maxDraws) return windowAt(one, begin, context);
      }
    },
  };
}

/** Consecutive windows of documents, in order; each token to learn is a target once. */
export function allWindows(documents: TokenDocuments, context: number): readonly Row[] {
  checkValue("allWindows", "documents", tokensCheck, documents);
  checkValue("allWindows", "context", integer(1), context);
  return beginnings(documents, context).map((begin) => windowAt(documents, begin, context));
}

/** How rows of an epoch are made: windows that cross documents, or whole documents. */
export type Packing = "windows" | "documents";

/** How the rows of an epoch are made. */
export interface EpochOptions extends RowOptions {
  /** Default `windows`. */
  readonly packing?: Packing | undefined;
}

/** Every row of documents once in an order drawn from the seed, then again in another order, and so on. */
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

/** Purposes of draws, which are independent of each other. */
const uses = { source: 0, window: 1, order: 2 } as const;

/** A number in [0, 1) that depends only on its arguments, with 53 bits. */
export function drawn(seed: number, use: keyof typeof uses, index: number): number {
  const high = Math.floor(index / 2 ** 32);
  const [x, y] = threefry2x32([seed, 4 * high + uses[use]], [index >>> 0, 0]);
  return (x * 2 ** 21 + (y >>> 11)) / 2 ** 53;
}

/** Rounds of the network; four rounds of an ideal function make a pseudorandom permutation (Luby and Rackoff 1988). */
const rounds = 6;

/**
 * The position of `index` in shuffle number `epoch` of `count` items. It depends only on its arguments, so an order
 * needs no memory and can be entered anywhere: a Feistel network over the next even number of bits, repeated until the
 * result is below `count` (Black and Rogaway 2002, "Ciphers with Arbitrary Finite Domains", section 4).
 */
export function shuffled(seed: number, epoch: number, index: number, count: number): number {
  const half = Math.max(1, Math.ceil(Math.log2(Math.max(2, count)) / 2));
  const base = 2 ** half;
  let at = index;
  do {
    let left = Math.floor(at / base);
    let right = at % base;
    for (let round = 0; round < rounds; round++) {
      const [bits] = threefry2x32([seed, uses.order], [right, epoch * rounds + round]);
      [left, right] = [right, (left ^ (bits % base)) >>> 0];
    }
    at = left * base + right;
  } while (at >= count);
  return at;
}
