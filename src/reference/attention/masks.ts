import { type Checks, callback, integer, listOf, oneOf, required, shown, size } from "../../options/checks.ts";
import { argument, given, ofRows, tensorOf } from "../arguments.ts";
import { type Dense, element } from "../dense.ts";

/** Whether key `key` is visible to the query at absolute position `query`, in a batch row and a query head. */
export interface Mask {
  (batch: number, head: number, query: number, key: number): boolean;
  /**
   * The visible keys of a query as one run `[first, end)`, where the mask is such and the same in all rows and heads.
   */
  readonly keyRange?: (query: number) => readonly [first: number, end: number];
}

const oneRun = (keyRange: (query: number) => readonly [number, number]): Mask =>
  Object.assign(
    (_batch: number, _head: number, query: number, key: number) => {
      const [first, end] = keyRange(query);
      return first <= key && key < end;
    },
    { keyRange },
  );

/** Every key: encoders and cross-attention. */
export const full: Mask = oneRun(() => [0, Number.POSITIVE_INFINITY]);

/**
 * The keys up to and including the query's own position. With more keys than queries this is the bottom-right
 * alignment.
 */
export const causal: Mask = oneRun((query) => [0, query + 1]);

/** Position of each batch row's first query, from which tensors with a row for each query are read. */
export type Start = number | readonly number[];

/** The two factors of a pattern of the Sparse Transformer, or their union. */
interface Sparse {
  readonly set?: 1 | 2 | "merged";
  readonly definition?: "paper" | "code";
}

const sparse: Checks<Sparse> = { set: oneOf(1, 2, "merged"), definition: oneOf("paper", "code") };

/** A number of positions. */
const count = required(integer(1));

interface BlockDiffusion {
  readonly tokens: number;
  readonly size: number;
  readonly form?: "training" | "generation";
}

/** What all neighbourhoods may be given. */
interface Neighbours {
  readonly stride?: number;
  readonly dilation?: number;
  readonly form?: "centred" | "causal";
}

const neighbours: Checks<Neighbours> = {
  stride: integer(1),
  dilation: integer(1),
  form: oneOf("centred", "causal"),
};

/** A grid, and the window of it that a query sees. */
interface Grid {
  readonly rows: number;
  readonly columns: number;
  readonly height: number;
  readonly width: number;
}

const grid: Checks<Grid> = { rows: count, columns: count, height: count, width: count };

interface Tiles {
  readonly size: number;
  readonly frames?: number;
  readonly depth?: number;
  readonly text?: number;
}

type Window = { readonly keys: number };

/** The definitions of all masks, by name. To add one, see docs/guides/add-a-mask.md. */
export const masks = {
  full: () => full,
  causal: () => causal,

  /** The last `keys` keys up to and including the query's own: `0 <= query − key < keys`, as Mistral counts them. */
  "sliding-window"(parameters: Window): Mask {
    const { keys } = given("sliding-window", parameters, { keys: count });
    return oneRun((query) => [Math.max(0, query - keys + 1), query + 1]);
  },

  /** Up to `left` keys before the query and `right` after it. */
  local(parameters: { readonly left: number; readonly right: number }): Mask {
    const { left, right } = given("local", parameters, { left: required(size), right: required(size) });
    return oneRun((query) => [query - left, query + right + 1]);
  },

  /** A causal window of `keys` keys, and the first `sinks` keys (StreamingLLM, Xiao et al. 2023). */
  "sink-window"(parameters: Window & { readonly sinks: number }): Mask {
    const { sinks, keys } = given("sink-window", parameters, { sinks: required(size), keys: count });
    return (_b, _h, query, key) => key <= query && (query - key < keys || key < sinks);
  },

  /** Causal, and the first `keys` keys for all (Raffel et al. 2019, section 3.2.1). */
  prefix(parameters: Window): Mask {
    const { keys } = given("prefix", parameters, { keys: required(size) });
    return oneRun((query) => [0, Math.max(query + 1, keys)]);
  },

  /** Causal inside of chunks of `keys` positions (Llama 4). */
  chunked(parameters: Window): Mask {
    const { keys } = given("chunked", parameters, { keys: count });
    return oneRun((query) => [Math.floor(query / keys) * keys, query + 1]);
  },

  /** Every `dilation`-th of the last `keys` keys. */
  "dilated-window"(parameters: Window & { readonly dilation: number }): Mask {
    const { keys, dilation } = given("dilated-window", parameters, { keys: count, dilation: count });
    return (_b, _h, query, key) => key <= query && query - key < keys && (query - key) % dilation === 0;
  },

  /**
   * Strided pattern (Child et al. 2019, section 4.3); in the released code set 1 has one key less than in the paper.
   */
  strided(parameters: { readonly stride: number } & Sparse): Mask {
    const { stride, set = "merged", definition = "paper" } = given("strided", parameters, { stride: count, ...sparse });
    const reach = definition === "paper" ? stride : stride - 1;
    const inFirst = (query: number, key: number) => key >= query - reach;
    const inSecond = (query: number, key: number) => (query - key) % stride === 0;
    return (_b, _h, query, key) =>
      key <= query && ((set !== 2 && inFirst(query, key)) || (set !== 1 && inSecond(query, key)));
  },

  /**
   * Fixed pattern (Child et al. 2019, section 4.3); in the released code only merged, and heads take turns, 4 by
   * default.
   */
  fixed(parameters: { readonly stride: number; readonly summary: number; readonly turns?: number } & Sparse): Mask {
    const checks = { stride: count, summary: count, turns: integer(1), ...sparse };
    const { stride, summary, set = "merged", definition = "paper", ...rest } = given("fixed", parameters, checks);
    const { turns = definition === "code" ? 4 : 1 } = rest;
    if (summary * turns > stride) {
      throw new RangeError(
        `fixed: ${turns} summaries of ${summary} keys, expected them to fit into a block of ${stride}`,
      );
    }
    if (definition === "code" && set !== "merged") {
      throw new RangeError(`fixed: set ${set}, expected merged: the released code has no other`);
    }
    const block = (position: number) => Math.floor(position / stride);
    return (_b, head, query, key) => {
      const end = stride - summary * (head % turns);
      const isSummary = key % stride < end && key % stride >= end - summary;
      return key <= query && ((set !== 2 && block(query) === block(key)) || (set !== 1 && isSummary));
    };
  },

  /** Keys of the query's own document; `documents` `[b, s]`. A position outside of it is in no document. */
  document(parameters: { readonly documents: Dense }): Mask {
    const { documents } = given("document", parameters, { documents: tensorOf("b s") });
    return (batch, _h, query, key) => inOne(documents, batch, query, key);
  },

  /** The first `prefix` keys, and causal inside of the query's own branch; `branches` `[b, s]`. */
  "shared-prefix"(parameters: { readonly prefix: number; readonly branches: Dense }): Mask {
    const checks = { prefix: required(size), branches: tensorOf("b s") };
    const { prefix, branches } = given("shared-prefix", parameters, checks);
    return (batch, _h, query, key) => key < prefix || (key <= query && inOne(branches, batch, query, key));
  },

  /**
   * Block diffusion (Arriola et al. 2025): `tokens` noised positions, then the same clean, in blocks of `size`; in
   * generation only the clean ones.
   */
  "block-diffusion"(parameters: BlockDiffusion): Mask {
    const checks = { tokens: count, size: count, form: oneOf("training", "generation") };
    const { tokens, size, form = "training" } = given("block-diffusion", parameters, checks);
    const halves = form === "training" ? 2 : 1;
    const isThere = (position: number) => position >= 0 && position < halves * tokens;
    const isNoised = (position: number) => halves === 2 && position < tokens;
    const block = (position: number) => Math.floor((position % tokens) / size);
    return (_b, _h, query, key) => {
      if (!isThere(query) || !isThere(key)) return false;
      if (isNoised(key)) return isNoised(query) && block(query) === block(key);
      return isNoised(query) ? block(key) < block(query) : block(key) <= block(query);
    };
  },

  /** The `keys` keys around the query of `tokens` positions (NATTEN, Hassani et al. 2023). */
  neighbourhood(parameters: Window & { readonly tokens: number } & Neighbours): Mask {
    const checks = { tokens: count, keys: count, ...neighbours };
    const { tokens, keys, ...rest } = given("neighbourhood", parameters, checks);
    const sees = neighbourhood(tokens, keys, rest);
    return (_b, _h, query, key) => sees(query, key);
  },

  /** The `height` by `width` positions around the query of a grid, row after row (NATTEN, Hassani et al. 2023). */
  "neighbourhood-2d"(parameters: Grid & Neighbours): Mask {
    const { rows, columns, height, width, ...rest } = given("neighbourhood-2d", parameters, { ...grid, ...neighbours });
    const seesRow = neighbourhood(rows, height, rest);
    const seesColumn = neighbourhood(columns, width, rest);
    return (_b, _h, query, key) =>
      seesRow(Math.floor(query / columns), Math.floor(key / columns)) && seesColumn(query % columns, key % columns);
  },

  /**
   * The `depth` by `height` by `width` tiles around the query's, of `size` positions each, in `frames` of `rows` by
   * `columns` tiles; after them `text` positions, which see all and are seen by all (STA, Zhang et al. 2025).
   */
  "sliding-tile"(parameters: Grid & Tiles): Mask {
    const checks = { ...grid, size: count, frames: integer(1), depth: integer(1), text: integer(1) };
    const { size, rows, columns, height, width, ...rest } = given("sliding-tile", parameters, checks);
    const { frames = 1, depth = 1, text = 0 } = rest;
    const tiled = frames * rows * columns * size;
    const isThere = (position: number) => position >= 0 && position < tiled + text;
    const seesFrame = neighbourhood(frames, depth, {});
    const seesRow = neighbourhood(rows, height, {});
    const seesColumn = neighbourhood(columns, width, {});
    return (_b, _h, query, key) => {
      if (!isThere(query) || !isThere(key)) return false;
      if (query >= tiled || key >= tiled) return true;
      const [from, to] = [Math.floor(query / size), Math.floor(key / size)]; // their tiles
      const row = (tile: number) => Math.floor(tile / columns);
      const frame = (tile: number) => Math.floor(row(tile) / rows);
      return (
        seesFrame(frame(from), frame(to)) &&
        seesRow(row(from) % rows, row(to) % rows) &&
        seesColumn(from % columns, to % columns)
      );
    };
  },

  /** Blocks of `size` by `size` where `map` `[b or 1, h or 1, rows, columns]` is not 0. */
  "block-sparse"(parameters: { readonly map: Dense; readonly size: number }): Mask {
    const { map, size } = given("block-sparse", parameters, { map: tensorOf("b h rows columns"), size: count });
    const [, , rows = 0, columns = 0] = map.shape;
    return (batch, head, query, key) => {
      const [row, column] = [Math.floor(query / size), Math.floor(key / size)];
      return row >= 0 && row < rows && column < columns && element(map, [batch, head, row, column]) !== 0;
    };
  },

  /** Keys `ranges[b, 0]` up to but not including `ranges[b, 1]`. */
  "key-padding"(parameters: { readonly ranges: Dense }): Mask {
    const { ranges } = given("key-padding", parameters, { ranges: tensorOf("b 2") });
    return (batch, _h, _query, key) => key >= element(ranges, [batch, 0]) && key < element(ranges, [batch, 1]);
  },

  /** Where `keep` `[b or 1, h or 1, t, s]` is not 0; row 0 is the query at position `start` of its batch row. */
  boolean(parameters: { readonly keep: Dense }, start: Start): Mask {
    const { keep } = given("boolean", parameters, { keep: tensorOf("b h t s") });
    return (batch, head, query, key) => element(keep, [batch, head, query - ofRow(start, batch), key]) !== 0;
  },
} satisfies Readonly<Record<string, (parameters: never, start: Start) => Mask>>;

/** True if two positions are both within `members` `[b, s]`, and marked the same. */
function inOne(members: Dense, batch: number, query: number, key: number): boolean {
  const [, s = 0] = members.shape;
  const isIn = (position: number) => position >= 0 && position < s;
  return isIn(query) && isIn(key) && element(members, [batch, query]) === element(members, [batch, key]);
}

/**
 * Whether a query sees a key, both positions of one axis: the window of NATTEN (`start` and `end` of its kernels), which
 * has `window` keys wherever the query is, and in the causal form ends at the query.
 */
function neighbourhood(
  length: number,
  window: number,
  { stride = 1, dilation = 1, form = "centred" }: Neighbours,
): (query: number, key: number) => boolean {
  if (stride > window) throw new RangeError(`neighbourhood: stride ${stride}, expected at most the window's ${window}`);
  const isThere = (position: number) => position >= 0 && position < length;
  return (query, key) => {
    if (!isThere(query) || !isThere(key) || query % dilation !== key % dilation) return false;
    // With a dilation, each residue class is an axis of its own.
    const [i, j] = [Math.floor(query / dilation), Math.floor(key / dilation)];
    const all = Math.ceil((length - (query % dilation)) / dilation);
    const keys = Math.min(window, all);
    const [left, right] = [Math.floor(keys / 2), Math.ceil(keys / 2) - 1];
    const group = Math.floor(i / stride) * stride;
    if (form === "causal") return j >= Math.min(group + stride - 1, all - 1) - left - right && j <= i;
    const leader = Math.min(group + Math.floor(stride / 2), all - 1);
    const shift = leader + right >= all ? all - right - leader - 1 : 0;
    const start = Math.max(leader - left, 0) + shift;
    return j >= start && j < start + keys;
  };
}

/** The keys that all of the masks show. */
export function both(masks: readonly Mask[]): Mask {
  argument("both", "masks", masks, listOf(callback));
  return (batch, head, query, key) => masks.every((mask) => mask(batch, head, query, key));
}

/** The keys that any of the masks shows. */
export function either(masks: readonly Mask[]): Mask {
  argument("either", "masks", masks, listOf(callback));
  return (batch, head, query, key) => masks.some((mask) => mask(batch, head, query, key));
}

/** The problem whose pairs are counted: t queries, s keys, b batch rows (1), h query heads (1). */
export interface PairsShape {
  t: number;
  s: number;
  b?: number;
  h?: number;
}

/**
 * Exact number of (query, key) pairs that a mask leaves, over all batch rows and query heads, from which useful FLOPs
 * are counted. `start` and `length` are as in attention.
 */
export function pairs(
  mask: Mask,
  shape: PairsShape,
  options: { start?: number | readonly number[]; length?: number | readonly number[] } = {},
): number {
  argument("pairs", "mask", mask, callback);
  const { t, s, b = 1, h = 1 } = given("pairs", shape, { t: required(size), s: required(size), b: size, h: size });
  const { start, length = s } = given("pairs", options, { start: ofRows(integer()), length: ofRows(size) });
  let count = 0;
  for (let batch = 0; batch < b; batch++) {
    const keys = ofRow(length, batch);
    const first = start === undefined ? keys - t : ofRow(start, batch);
    for (let query = first; query < first + t; query++) {
      if (mask.keyRange) {
        const [from, end] = mask.keyRange(query);
        count += h * Math.max(0, Math.min(end, keys) - Math.max(from, 0));
      } else {
        for (let head = 0; head < h; head++) {
          for (let key = 0; key < keys; key++) if (mask(batch, head, query, key)) count++;
        }
      }
    }
  }
  return count;
}

/** The value for one batch row of an option that is one number for all rows or a list of one a row. */
export function ofRow(option: number | readonly number[], row: number): number {
  const value = typeof option === "number" ? option : option[row];
  if (value === undefined) throw new RangeError(`row ${row} has no value among the ${shown(option)} given`);
  return value;
}
