/** Whether key `key` is visible to the query at absolute position `query`, in a batch row and a query head. */
export interface Mask {
  (batch: number, head: number, query: number, key: number): boolean;
  /** The visible keys of a query as one run `[first, end)`, where the mask is such and alike in all rows and heads. */
  readonly keyRange?: (query: number) => readonly [first: number, end: number];
}

const alike = (keyRange: (query: number) => readonly [number, number]): Mask =>
  Object.assign(
    (_batch: number, _head: number, query: number, key: number) => {
      const [first, end] = keyRange(query);
      return first <= key && key < end;
    },
    { keyRange },
  );

/** Every key: encoders and cross-attention. */
export const full: Mask = alike(() => [0, Number.POSITIVE_INFINITY]);

/**
 * The keys up to and including the query's own position. With more keys than queries this is the bottom-right
 * alignment.
 */
export const causal: Mask = alike((query) => [0, query + 1]);

/** The last `window` keys up to and including the query's own: `0 <= query − key < window`, as Mistral counts them. */
export const slidingWindow = ({ window }: { window: number }): Mask =>
  alike((query) => [Math.max(0, query - window + 1), query + 1]);

/** The problem whose pairs are counted: t queries, s keys, b batch rows (1), h query heads (1). */
export interface PairsShape {
  t: number;
  s: number;
  b?: number;
  h?: number;
}

/**
 * Exact number of (query, key) pairs that a mask leaves, over all batch rows and query heads: what useful FLOPs are
 * counted from. `start` and `length` mean what they mean to attention.
 */
export function pairs(
  mask: Mask,
  { t, s, b = 1, h = 1 }: PairsShape,
  { start, length = s }: { start?: number | readonly number[]; length?: number | readonly number[] } = {},
): number {
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
  if (value === undefined) throw new RangeError(`row ${row} has no value among the ${String(option)} given`);
  return value;
}
