// Masks and scores as attention's options describe them, with dense tensors.
import {
  anything,
  type Check,
  type Checks,
  callback,
  finite,
  integer,
  listOf,
  oneOf,
  recordOf,
  required,
  text,
  wrongKind,
} from "../options/checks.ts";
import { argument, given, ofRows } from "./arguments.ts";
import { both, either, type Mask, masks, type Start } from "./attention/masks.ts";
import { chain, type Score, scores } from "./attention/scores.ts";
import type { Dense } from "./dense.ts";

/** The GPU side of a user's function, which the reference ignores. */
interface Custom {
  readonly kind: "custom";
  readonly wgsl: string;
  readonly params?: Readonly<Record<string, number>>;
  readonly tensors?: Readonly<Record<string, Dense>>;
}

type Definition<F> = (parameters: never, start: Start) => F;

/** A name alone, or with the parameters that its definition takes. */
type Named<Table extends Readonly<Record<string, Definition<unknown>>>> = {
  [Name in keyof Table]: Parameters<Table[Name]> extends [infer P, ...unknown[]] ? { readonly kind: Name } & P : Name;
}[keyof Table];

/** Attention's `mask` option, its tensors dense; a user's mask by its twin. */
export type MaskDescription =
  | Named<typeof masks>
  | ({ readonly twin?: Mask } & Custom)
  | { readonly and: readonly MaskDescription[] }
  | { readonly or: readonly MaskDescription[] };

/** Attention's `score` option, its tensors dense; a user's score by its twin. */
export type ScoreDescription =
  | Named<typeof scores>
  | ({ readonly twin?: Score } & Custom)
  | readonly ScoreDescription[];

const members = required(listOf(anything)); // each is checked as a mask

const custom = {
  kind: required(oneOf("custom")),
  wgsl: required(text),
  params: recordOf(finite),
  tensors: recordOf(anything), // only the GPU reads them
  twin: callback,
} satisfies Checks<{ readonly twin?: unknown } & Custom>;

/**
 * The mask of a description. Throws `OptionError` for an unknown one or wrong parameters, and a RangeError for a user's
 * mask without a twin.
 */
export function maskOf(mask: MaskDescription, start: Start = 0): Mask {
  argument("maskOf", "start", start, ofRows(integer()));
  argument("maskOf", "mask", mask, nameOrObject);
  if (typeof mask === "string") return made("mask", masks, { kind: mask }, start);
  if ("and" in mask) return both(given("maskOf", mask, { and: members }).and.map((one) => maskOf(one, start)));
  if ("or" in mask) return either(given("maskOf", mask, { or: members }).or.map((one) => maskOf(one, start)));
  if (mask.kind === "custom") return twinOf(given("maskOf", mask, custom).twin);
  return made("mask", masks, mask, start);
}

/**
 * The score of a description. Throws `OptionError` for an unknown one or wrong parameters, and a RangeError for a
 * user's score without a twin.
 */
export function scoreOf(score: ScoreDescription, start: Start = 0): Score {
  argument("scoreOf", "start", start, ofRows(integer()));
  if (isChain(score)) return chain(score.map((one) => scoreOf(one, start)));
  argument("scoreOf", "score", score, nameOrObject);
  if (typeof score === "string") return made("score", scores, { kind: score }, start);
  if (score.kind === "custom") return twinOf(given("scoreOf", score, custom).twin);
  return made("score", scores, score, start);
}

const nameOrObject: Check = (value) =>
  typeof value === "string" || (typeof value === "object" && value !== null && !Array.isArray(value))
    ? undefined
    : "a name, or an object with kind";

const isChain = (score: ScoreDescription): score is readonly ScoreDescription[] => Array.isArray(score);

/** The fields of descriptions made of several. */
const joins = { mask: ["and", "or"], score: [] } as const;

/** The result of a table's definition for a description's parameters. */
function made<F>(
  what: "mask" | "score",
  table: Readonly<Record<string, Definition<F>>>,
  description: { readonly kind: string },
  start: Start,
): F {
  const { kind, ...parameters } = description;
  const definition = typeof kind === "string" && Object.hasOwn(table, kind) ? table[kind] : undefined;
  if (!definition)
    throw wrongKind(`${what}Of`, what, description, [...Object.keys(table), "custom"], undefined, joins[what]);
  if (definition.length === 0) given(kind, parameters, {}); // it reads none
  return definition(parameters as never, start);
}

function twinOf<F>(twin: F | undefined): F {
  if (!twin) throw new RangeError("a custom mask or score without a twin: only the GPU knows what it does");
  return twin;
}
