// Masks and scores by what attention is given, whose tensors are dense here.
import type { Dense } from "./dense.ts";
import { both, either, type Mask, masks, type Start } from "./masks.ts";
import { chain, type Score, scores } from "./scores.ts";

/** What a user's own function is on the GPU, of which the reference knows nothing. */
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

/** What attention's `mask` option says, its tensors dense; a user's own by its twin. */
export type MaskDescription =
  | Named<typeof masks>
  | ({ readonly twin?: Mask } & Custom)
  | { readonly and: readonly MaskDescription[] }
  | { readonly or: readonly MaskDescription[] };

/** What attention's `score` option says, its tensors dense; a user's own by its twin. */
export type ScoreDescription =
  | Named<typeof scores>
  | ({ readonly twin?: Score } & Custom)
  | readonly ScoreDescription[];

/** The mask that a description means. Throws a RangeError for an unknown one and for a user's own without a twin. */
export function maskOf(mask: MaskDescription, start: Start = 0): Mask {
  if (typeof mask === "string") return defined(masks, mask)(none, start);
  if ("and" in mask) return both(mask.and.map((one) => maskOf(one, start)));
  if ("or" in mask) return either(mask.or.map((one) => maskOf(one, start)));
  return mask.kind === "custom" ? twinOf(mask.twin) : defined(masks, mask.kind)(mask as never, start);
}

/** The score that a description means. Throws a RangeError for an unknown one and for a user's own without a twin. */
export function scoreOf(score: ScoreDescription, start: Start = 0): Score {
  if (typeof score === "string") return defined(scores, score)(none, start);
  if (isChain(score)) return chain(score.map((one) => scoreOf(one, start)));
  return score.kind === "custom" ? twinOf(score.twin) : defined(scores, score.kind)(score as never, start);
}

const none = {} as never; // the parameters of what has none
const isChain = (score: ScoreDescription): score is readonly ScoreDescription[] => Array.isArray(score);

function defined<F>(table: Readonly<Record<string, Definition<F>>>, name: string): Definition<F> {
  const definition = Object.hasOwn(table, name) ? table[name] : undefined;
  if (definition) return definition;
  throw new RangeError(`reference: there is no ${name}; there are ${Object.keys(table).join(", ")}`);
}

function twinOf<F>(twin: F | undefined): F {
  if (!twin) throw new RangeError("a custom mask or score without a twin: only the GPU knows what it does");
  return twin;
}
