import { appendRotated } from "../../../kernels/kv-cache/append-rotated.ts";
import type { RopeLayout } from "../../../kernels/rope/rope.ts";
import { ropeTable } from "../../../kernels/rope/table.ts";
import { type Dense, dense } from "../../../reference/dense.ts";
import { rope } from "../../../reference/rope.ts";
import { floatTypes, type PlainType } from "../../../tensor/dtype.ts";
import { perWord } from "../../../tensor/formats/formats.ts";
import { slice } from "../../../tensor/views.ts";
import { type Case, type CaseTable, requirementsOf, variantsOf } from "../../case-table.ts";
import { normal } from "../../random.ts";
import { type StepRow, stepOf } from "../../step.ts";
import { appended } from "./kv-cache.ts";

type Inputs = "qkv" | "table" | "keys" | "values";

interface Sizes {
  readonly b?: number;
  readonly t?: number;
  readonly h: number;
  readonly g: number;
  readonly s: number;
  readonly d: number;
  /** Rotated elements of a head; default all. */
  readonly width?: number;
  /** Width of values; default d. */
  readonly dv?: number;
}

interface Options {
  readonly pairing: RopeLayout;
  readonly start?: number;
  readonly rows?: readonly StepRow[];
  readonly heads: number;
  /** Type of the cache; default f32. */
  readonly type?: PlainType;
}

/**
 * q, k and v are heads of one tensor, as one projection computes them, after one head that belongs to none of them; of
 * v the first dv elements of each.
 */
function problem(
  name: string,
  { b = 1, t = 1, h, g, s, d, width = d, dv = d }: Sizes,
  options: Omit<Options, "heads">,
): Case<Inputs, Options> {
  const heads = 1 + h + 2 * g;
  const cache = (seed: number, c: number) => ({
    shape: [b, g, s, c],
    // Unused slots are NaN, and must not change.
    values: normal(b * g * s * c, seed).map((value, i) => (Math.floor(i / c) % s < s / 2 ? value : Number.NaN)),
    ...(options.type ? { dtype: options.type } : {}),
  });
  const table = ropeTable({ theta: 10_000, width, positions: 64, scaling: { kind: "none" } });
  return {
    name,
    inputs: {
      qkv: { shape: [b, t, heads, d], values: normal(b * t * heads * d, 1) },
      table: { shape: [64, width / 2, 2], values: table },
      keys: cache(3, d),
      values: cache(4, dv),
    },
    options: { ...options, heads: h },
  };
}

/** Heads `[begin, end)` of x `[b, t, heads, d]`, the first `width` elements of each. */
function headsOf(x: Dense, begin: number, end: number, width = x.shape[3] ?? 0): Dense {
  const [b = 0, t = 0, heads = 0, d = 0] = x.shape;
  const values = Array.from(x.values).filter((_, i) => {
    const head = Math.floor(i / d) % heads;
    return head >= begin && head < end && i % d < width;
  });
  return dense([b, t, end - begin, width], values);
}

const table = (
  op: string,
  cap: number | undefined,
  cases: readonly Case<Inputs, Options>[],
): CaseTable<Inputs, "q" | "keys" | "values", Options, keyof typeof appendRotated.variants> => ({
  op,
  variants: variantsOf(appendRotated),
  requires: (variant) => requirementsOf(appendRotated, variant),
  reference: ({ qkv, table, keys, values }, { pairing, heads, ...options }) => {
    const [b = 0, t = 0, all = 0] = qkv.shape;
    const g = (all - 1 - heads) / 2;
    const first = options.rows?.map(([position]) => position) ?? new Array<number>(b).fill(options.start ?? 0);
    const positions = dense(
      [b, t],
      first.flatMap((position) => Array.from({ length: t }, (_, i) => position + i)),
    );
    const rotated = (x: Dense) => rope({ x, table, positions }, { layout: pairing }).y;
    const k = headsOf(qkv, 1 + heads, 1 + heads + g);
    return {
      q: rotated(headsOf(qkv, 1, 1 + heads)),
      keys: appended(rotated(k), keys, options),
      values: appended(headsOf(qkv, 1 + heads + g, all, values.shape[3]), values, options),
    };
  },
  run: (gpu, { qkv, table, keys, values }, { rows, heads, type: _, ...options }, variant) => {
    const all = qkv.shape[2] ?? 0;
    const g = (all - 1 - heads) / 2;
    const { q } = appendRotated(
      gpu,
      {
        q: slice(qkv, 2, 1, 1 + heads),
        k: slice(qkv, 2, 1 + heads, 1 + heads + g),
        v: slice(slice(qkv, 2, 1 + heads + g, all), 3, 0, values.shape[3] ?? 0),
        table,
        keys,
        values,
        ...(rows ? { step: stepOf(gpu, rows) } : {}),
      },
      { ...options, variant },
    );
    return { q, keys, values };
  },
  canaries: false,
  ...(cap === undefined ? {} : { cap }),
  cases,
});

const rows: readonly StepRow[] = [
  [5, 1],
  [63, 1],
  [17, 0],
];

/** The types whose words hold two elements. */
const halves = floatTypes.filter((type) => perWord(type) === 2);

export const appendRotatedCases: readonly CaseTable[] = [
  table("appendRotated", undefined, [
    problem("one pair", { h: 1, g: 1, s: 4, d: 2 }, { pairing: "halves", start: 1 }),
    problem("a step of three rows, one ended", { b: 3, h: 6, g: 2, s: 64, d: 16 }, { pairing: "halves", rows }),
    problem("neighbours, half of a head", { b: 2, h: 4, g: 2, s: 8, d: 12, width: 6 }, { pairing: "interleaved" }),
    problem("several tokens, more than fit", { b: 2, t: 5, h: 3, g: 1, s: 9, d: 8 }, { pairing: "halves", start: 6 }),
    problem("narrow values", { b: 2, t: 3, h: 2, g: 2, s: 9, d: 8, dv: 4 }, { pairing: "halves", start: 2 }),
    problem("several workgroups", { t: 7, h: 9, g: 3, s: 16, d: 64 }, { pairing: "halves", start: 3 }),
  ]),
  // Rounded to the cache's type after arithmetic that differs in its last bits.
  table(
    "appendRotated, caches of halves",
    1e-5,
    halves.flatMap((type) => [
      problem(`${type}, a step`, { b: 3, h: 4, g: 2, s: 64, d: 16 }, { pairing: "halves", rows, type }),
      problem(`${type}, narrow values`, { t: 3, h: 2, g: 2, s: 9, d: 12, dv: 4 }, { pairing: "halves", type }),
      problem(`${type}, neighbours`, { t: 3, h: 2, g: 1, s: 9, d: 12, width: 6 }, { pairing: "interleaved", type }),
    ]),
  ),
];
