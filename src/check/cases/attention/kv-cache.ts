import { appendKv } from "../../../kernels/kv-cache/append.ts";
import { append } from "../../../reference/attention/kv-cache.ts";
import { type Dense, dense } from "../../../reference/dense.ts";
import { decode, encode, floatTypes, type PlainType } from "../../../tensor/dtype.ts";
import { perWord } from "../../../tensor/formats/formats.ts";
import { slice } from "../../../tensor/views.ts";
import type { Case, CaseTable } from "../../case-table.ts";
import { normal } from "../../random.ts";
import { type StepRow, stepOf } from "../../step.ts";

interface Sizes {
  b?: number;
  t: number;
  g?: number;
  s: number;
  d: number;
  dv?: number;
}

type Inputs = "k" | "v" | "keys" | "values";

interface Options {
  readonly start?: number;
  readonly rows?: readonly StepRow[];
  /** Further heads of k and v after the stored ones, which are not stored. */
  readonly surplus?: number;
  /** Type of the cache; default f32. */
  readonly type?: PlainType;
}

function problem(name: string, { b = 1, t, g = 1, s, d, dv = d }: Sizes, options: Options = {}): Case<Inputs, Options> {
  const heads = g + (options.surplus ?? 0);
  const type = options.type ? { dtype: options.type } : {};
  const used = (width: number, seed: number) =>
    // Unused slots are NaN, and must not change.
    normal(b * g * s * width, seed).map((value, i) => (Math.floor(i / width) % s < s / 2 ? value : Number.NaN));
  return {
    name,
    inputs: {
      k: { shape: [b, t, heads, d], values: normal(b * t * heads * d, 1) },
      v: { shape: [b, t, heads, dv], values: normal(b * t * heads * dv, 2) },
      keys: { shape: [b, g, s, d], values: used(d, 3), ...type },
      values: { shape: [b, g, s, dv], values: used(dv, 4), ...type },
    },
    options,
  };
}

/** Appends to the cache row by row and token by token, so that rows may have different numbers of tokens. */
export function appended(k: Dense, cache: Dense, { start = 0, rows, surplus = 0, type }: Options): Dense {
  const [b = 0, t = 0, heads = 0, d = 0] = k.shape;
  const [, g = 0, s = 0] = cache.shape;
  const size = g * s * d;
  const next = dense(cache.shape, cache.values);
  for (let row = 0; row < b; row++) {
    const [first, tokens] = rows?.[row] ?? [start, t];
    for (let i = 0; i < Math.min(t, tokens) && first + i < s; i++) {
      const token = k.values.slice((row * t + i) * heads * d, ((row * t + i + 1) * heads - surplus) * d);
      const one = dense([1, g, s, d], next.values.slice(row * size, (row + 1) * size));
      next.values.set(
        append({ k: dense([1, 1, g, d], token), cache: one }, { start: first + i }).cache.values,
        row * size,
      );
    }
  }
  return type ? dense(next.shape, decode(type, encode(type, next.values))) : next;
}

/** The types whose words hold two elements. */
const halves = floatTypes.filter((type) => perWord(type) === 2);

export const kvCacheCases: CaseTable<Inputs, "keys" | "values", Options, "append"> = {
  op: "kv-cache/append",
  variants: ["append"],
  reference: ({ k, v, keys, values }, options) => ({
    keys: appended(k, keys, options),
    values: appended(v, values, options),
  }),
  run: (gpu, { k, v, keys, values }, { rows, surplus = 0, start }) => {
    const heads = (k.shape[2] ?? 0) - surplus;
    const fresh = { k: slice(k, 2, 0, heads), v: slice(v, 2, 0, heads) };
    const step = rows ? { step: stepOf(gpu, rows) } : {};
    return appendKv(gpu, { ...fresh, keys, values, ...step }, start === undefined ? {} : { start });
  },
  cap: 0,
  cases: [
    problem("one element", { t: 1, s: 1, d: 1 }),
    problem("the first tokens", { b: 2, t: 5, g: 3, s: 16, d: 8 }),
    problem("tokens after others", { b: 2, t: 5, g: 3, s: 16, d: 8 }, { start: 9 }),
    problem("values wider than keys", { b: 2, t: 3, g: 2, s: 7, d: 6, dv: 10 }, { start: 2 }),
    problem("more tokens than fit", { b: 2, t: 5, g: 3, s: 16, d: 8 }, { start: 13 }),
    problem("all tokens beyond the cache", { b: 2, t: 5, g: 3, s: 16, d: 8 }, { start: 16 }),
    problem(
      "step: rows of different lengths, one ended, one full",
      { b: 4, t: 5, g: 2, s: 16, d: 8 },
      {
        rows: [
          [0, 5],
          [6, 2],
          [3, 0],
          [14, 5],
        ],
      },
    ),
    problem(
      "step: one token each",
      { b: 3, t: 1, g: 2, s: 300, d: 32 },
      {
        rows: [
          [0, 1],
          [299, 1],
          [150, 0],
        ],
      },
    ),
    problem("heads out of a wider projection", { b: 2, t: 3, g: 2, s: 9, d: 4 }, { start: 1, surplus: 3 }),
    ...halves.flatMap((type) => [
      problem(`${type}, values wider than keys`, { b: 2, t: 3, g: 2, s: 7, d: 6, dv: 10 }, { start: 2, type }),
      problem(`${type}, heads out of a wider projection`, { b: 2, t: 3, g: 2, s: 9, d: 4 }, { surplus: 3, type }),
    ]),
    problem(
      "bf16, step: rows of different lengths, one ended, one full",
      { b: 4, t: 5, g: 2, s: 16, d: 8 },
      {
        rows: [
          [0, 5],
          [6, 2],
          [3, 0],
          [14, 5],
        ],
        type: "bf16",
      },
    ),
    problem("several workgroups", { b: 1, t: 130, g: 4, s: 140, d: 64 }, { start: 7 }),
  ],
};
