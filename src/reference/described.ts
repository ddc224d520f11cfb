// Masks and scores by the records that attention takes, whose tensors are dense here.
import type { Dense } from "./dense.ts";
import * as masks from "./masks.ts";
import * as scores from "./scores.ts";

/** What a user's own function is on the GPU, of which the reference knows nothing. */
interface Custom {
  readonly wgsl: string;
  readonly params?: Readonly<Record<string, number>>;
  readonly tensors?: Readonly<Record<string, Dense>>;
}

/** What attention's `mask` option says, its tensors dense; a user's own by its twin. */
export type MaskDescription =
  | "full"
  | "causal"
  | { readonly kind: "sliding-window"; readonly keys: number }
  | ({ readonly kind: "local" } & Parameters<typeof masks.local>[0])
  | ({ readonly kind: "sink-window" } & Parameters<typeof masks.sinkWindow>[0])
  | ({ readonly kind: "prefix" } & Parameters<typeof masks.prefix>[0])
  | ({ readonly kind: "document" } & Parameters<typeof masks.document>[0])
  | ({ readonly kind: "shared-prefix" } & Parameters<typeof masks.sharedPrefix>[0])
  | ({ readonly kind: "block-sparse" } & Parameters<typeof masks.blockSparse>[0])
  | ({ readonly kind: "strided" } & Parameters<typeof masks.strided>[0])
  | ({ readonly kind: "fixed" } & Parameters<typeof masks.fixed>[0])
  | ({ readonly kind: "dilated-window" } & Parameters<typeof masks.dilatedWindow>[0])
  | ({ readonly kind: "chunked" } & Parameters<typeof masks.chunked>[0])
  | ({ readonly kind: "key-padding" } & Parameters<typeof masks.keyPadding>[0])
  | ({ readonly kind: "boolean" } & Parameters<typeof masks.boolean>[0])
  | ({ readonly kind: "custom"; readonly twin?: masks.Mask } & Custom)
  | { readonly and: readonly MaskDescription[] }
  | { readonly or: readonly MaskDescription[] };

/** What attention's `score` option says, its tensors dense; a user's own by its twin. */
export type ScoreDescription =
  | "none"
  | ({ readonly kind: "softcap" } & Parameters<typeof scores.softcap>[0])
  | ({ readonly kind: "alibi" } & Parameters<typeof scores.alibi>[0])
  | ({ readonly kind: "relative-bias" } & Parameters<typeof scores.relativeBias>[0])
  | ({ readonly kind: "bias" } & Parameters<typeof scores.bias>[0])
  | ({ readonly kind: "head-bias" } & Parameters<typeof scores.headBias>[0])
  | ({ readonly kind: "custom"; readonly twin?: scores.Score } & Custom)
  | readonly ScoreDescription[];

/** Position of each batch row's first query: what tensors with a row for each query are read by. */
type Start = number | readonly number[];

/** The mask that a description means. Throws a RangeError for a user's own without a twin. */
export function maskOf(mask: MaskDescription, start: Start = 0): masks.Mask {
  if (mask === "full") return masks.full;
  if (mask === "causal") return masks.causal;
  if ("and" in mask) return masks.both(mask.and.map((one) => maskOf(one, start)));
  if ("or" in mask) return masks.either(mask.or.map((one) => maskOf(one, start)));
  switch (mask.kind) {
    case "sliding-window":
      return masks.slidingWindow({ window: mask.keys });
    case "local":
      return masks.local(mask);
    case "sink-window":
      return masks.sinkWindow(mask);
    case "prefix":
      return masks.prefix(mask);
    case "document":
      return masks.document(mask);
    case "shared-prefix":
      return masks.sharedPrefix(mask);
    case "block-sparse":
      return masks.blockSparse(mask);
    case "strided":
      return masks.strided(mask);
    case "fixed":
      return masks.fixed(mask);
    case "dilated-window":
      return masks.dilatedWindow(mask);
    case "chunked":
      return masks.chunked(mask);
    case "key-padding":
      return masks.keyPadding(mask);
    case "boolean":
      return masks.boolean(mask, start);
    case "custom":
      return twinOf(mask.twin);
  }
}

/** The score that a description means. Throws a RangeError for a user's own without a twin. */
export function scoreOf(score: ScoreDescription, start: Start = 0): scores.Score {
  if (score === "none") return (value) => value;
  if (isChain(score)) return scores.chain(score.map((one) => scoreOf(one, start)));
  switch (score.kind) {
    case "softcap":
      return scores.softcap(score);
    case "alibi":
      return scores.alibi(score);
    case "relative-bias":
      return scores.relativeBias(score);
    case "bias":
      return scores.bias(score, start);
    case "head-bias":
      return scores.headBias(score);
    case "custom":
      return twinOf(score.twin);
  }
}

const isChain = (score: ScoreDescription): score is readonly ScoreDescription[] => Array.isArray(score);

function twinOf<F>(twin: F | undefined): F {
  if (!twin) throw new RangeError("a custom mask or score without a twin: nobody but the GPU knows what it does");
  return twin;
}

/** A record of attention with dense tensors in the place of those on the GPU, wherever they are in it. */
export function densified<T>(value: unknown, dense: (tensor: unknown) => Dense | undefined): T {
  if (typeof value !== "object" || value === null) return value as T;
  const own = dense(value);
  if (own) return own as T;
  if (Array.isArray(value)) return value.map((item) => densified(item, dense)) as T;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, densified(item, dense)])) as T;
}
