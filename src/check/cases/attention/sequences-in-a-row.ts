// Sequences of different lengths, one after the other in a row, as the definitions take them: separately.
import type { AttentionBackwardOptions, attention } from "../../../reference/attention/attention.ts";
import { at, type Dense, dense, lengthOf } from "../../../reference/dense.ts";

/** Queries and keys of each sequence; a row may hold more of both, which belong to none. */
export type SequenceLengths = readonly (readonly [queries: number, keys: number])[];

type Tensors = Parameters<typeof attention>[0] & { readonly out?: Dense; readonly lse?: Dense; readonly dout?: Dense };
type Options = Omit<AttentionBackwardOptions, "start" | "length">;

/** Tokens `first` up to `end` of `[1, heads, tokens, …]`. */
function part({ shape, values }: Dense, first: number, end: number): Dense {
  const [tokens, width] = [lengthOf(shape, 2), shape[3] ?? 1];
  const result = dense(shape.with(2, end - first));
  for (let head = 0; head < lengthOf(shape, 1); head++) {
    const from = values.subarray((head * tokens + first) * width, (head * tokens + end) * width);
    result.values.set(from, head * (end - first) * width);
  }
  return result;
}

/** Writes tokens to that range. */
function place(into: Dense, first: number, { shape, values }: Dense): void {
  const [all, tokens, width] = [lengthOf(into.shape, 2), lengthOf(shape, 2), shape[3] ?? 1];
  for (let head = 0; head < lengthOf(shape, 1); head++) {
    const from = values.subarray(head * tokens * width, (head + 1) * tokens * width);
    into.values.set(from, (head * all + first) * width);
  }
}

function addTo(sum: Dense | undefined, { shape, values }: Dense): Dense {
  const before = sum ?? dense(shape);
  for (const [i, value] of values.entries()) before.values[i] = at(before.values, i) + value;
  return before;
}

/** Functions of a pair, for the sequence with this number. */
function optionsOf({ mask, score, derivative, dropout, scoreTensors = [], ...others }: Options, b: number) {
  type OfPair = (b: number, h: number, q: number, k: number) => never;
  type OfScore = (score: number, ...pair: Parameters<OfPair>) => never;
  const ofPair = <F>(fn: F) => ((_, ...pair) => (fn as OfPair)(b, ...pair)) as OfPair as F;
  const ofScore = <F>(fn: F) => ((score, _, ...pair) => (fn as OfScore)(score, b, ...pair)) as OfScore as F;
  return {
    ...others,
    ...(mask ? { mask: ofPair(mask) } : {}),
    ...(score ? { score: ofScore(score) } : {}),
    ...(derivative ? { derivative: ofScore(derivative) } : {}),
    ...(dropout ? { dropout: ofPair(dropout) } : {}),
    scoreTensors: scoreTensors.map((one) => ({ ...one, element: ofPair(one.element), slope: ofScore(one.slope) })),
  };
}

const [ofQueries, ofKeys] = [new Set(["q", "out", "lse", "dout", "dq"]), new Set(["k", "v", "dk", "dv"])];

/**
 * The results of a definition for each sequence, at its rows among those of all; other results, of sinks and of tensors
 * of scores, are summed over sequences.
 */
export function perSequence<T extends Tensors, R extends object>(
  lengths: SequenceLengths,
  tensors: T,
  options: Options,
  of: (tensors: T, options: AttentionBackwardOptions) => R,
): R {
  const found: Record<string, Dense | readonly Dense[]> = {};
  let [query, key] = [0, 0];
  for (const [b, [t, s]] of lengths.entries()) {
    const own = Object.entries(tensors).map(([name, tensor]) => {
      const [first, count] = ofQueries.has(name) ? [query, t] : [key, s];
      return [name, part(tensor, first, first + count)];
    });
    const result = t * s === 0 ? {} : of(Object.fromEntries(own) as unknown as T, optionsOf(options, b));
    for (const [name, value] of Object.entries(result) as [string, Dense | readonly Dense[]][]) {
      const before = found[name];
      if (Array.isArray(value)) {
        found[name] = value.map((one, i) => addTo((before as readonly Dense[] | undefined)?.[i], one as Dense));
        continue;
      }
      const one = value as Dense;
      const isRow = ofQueries.has(name) || ofKeys.has(name);
      const all = lengthOf((ofQueries.has(name) ? tensors.q : tensors.k).shape, 2);
      const whole = (before as Dense | undefined) ?? dense(isRow ? one.shape.with(2, all) : one.shape);
      if (isRow) place(whole, ofQueries.has(name) ? query : key, one);
      found[name] = isRow ? whole : addTo(before as Dense | undefined, one);
    }
    query += t;
    key += s;
  }
  return found as R;
}
