import type { Gpu } from "../../../gpu/gpu.ts";
import { weightDropout as ofKernels } from "../../../kernels/attention/records/mod.ts";
import type { Dense } from "../../../reference/dense.ts";
import type { MaskDescription, ScoreDescription } from "../../../reference/described.ts";
import { weightDropout } from "../../../reference/dropout.ts";
import { type Tensor, tensor } from "../../../tensor/tensor.ts";
import { reshape } from "../../../tensor/views.ts";
import { stored } from "../../attention-records.ts";
import type { Case } from "../../case-table.ts";
import type { StoredDense } from "../../named.ts";
import { normal } from "../../random.ts";
import type { StepRow } from "../../step.ts";

// Attention's results are views: out is [b, h, t, dv] over memory that is [b, t, h, dv].

/** Swaps axes 1 and 2: `[b, h, t, d]` to `[b, t, h, d]` and back. */
export function swapTokensAndHeads({ shape, values }: Dense): Dense {
  const [b = 0, m = 0, n = 0, d = 0] = shape;
  const out = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const [x, y, z] = [Math.floor(i / (n * m * d)), Math.floor(i / (n * d)) % m, Math.floor(i / d) % n];
    out[((x * n + z) * m + y) * d + (i % d)] = values[i] ?? Number.NaN;
  }
  return { shape: [b, n, m, d], values: out };
}

/** Attention's results, or memory for them. */
interface Results {
  readonly out?: Tensor;
  readonly lse?: Tensor;
}

/** Memory for out `[b, h, t, dv]` in the kernels' order `[b, t, h, dv]`, and for lse unchanged. */
export function inTokens(into: Results | undefined): { readonly into?: Results } {
  if (!into?.out) return into ? { into } : {};
  const [b = 0, h = 0, t = 0, dv = 0] = into.out.shape;
  return { into: { ...into, out: reshape(into.out, [b, t, h, dv]) } };
}

/** Queries `[b, t, h, d]` as a projection writes them, keys `[b, g, s, d]` and values `[b, g, s, dv]` of a cache. */
export type AttentionInputs = "q" | "keys" | "values";

/** Dropout of a case's weights. */
export interface CaseDropout {
  readonly rate: number;
  readonly site: number;
  /** Seed and step. */
  readonly key: readonly [number, number];
}

/** The option of a definition, for this many heads. */
export const definedDropout = ({ key, ...options }: CaseDropout, heads: number) =>
  weightDropout({ key: { shape: [2], values: Float64Array.from(key) } }, { ...options, heads });

/** The option of the op. */
export const madeDropout = (gpu: Gpu, { key, ...options }: CaseDropout) =>
  ofKernels({ key: tensor(gpu, [2], [...key], "u32") }, options);

/** The options of a case; `rows` instead of start and length goes through the step. */
export interface CaseOptions {
  readonly mask?: MaskDescription;
  readonly score?: ScoreDescription;
  readonly sink?: Dense;
  readonly dropout?: CaseDropout;
  readonly scale?: number;
  readonly start?: number;
  readonly length?: number;
  readonly lse?: boolean;
  readonly rows?: readonly StepRow[];
  /** Number of cache slots that attention receives; default all. */
  readonly visible?: number;
}

export interface Sizes {
  b?: number;
  h?: number;
  g?: number;
  t: number;
  s: number;
  d?: number;
  dv?: number;
}

type Fill = (index: readonly [b: number, head: number, row: number, column: number]) => number;

/** Replaces the random values of inputs; queries are indexed as [b, token, head, column]. */
export type Fills = { readonly [N in AttentionInputs]?: Fill };

const filled = (shape: readonly [number, number, number, number], fill: Fill) => {
  const values: number[] = [];
  const [b, m, n, d] = shape;
  for (let i = 0; i < b * m * n * d; i++) {
    values.push(fill([Math.floor(i / (m * n * d)), Math.floor(i / (n * d)) % m, Math.floor(i / d) % n, i % d]));
  }
  return { shape, values };
};

/** The variants that refuse these head widths. */
function refusedBy(d: number, dv: number): string[] {
  if (d % 4 !== 0 || dv % 4 !== 0) return ["rows", "twoPass", "flash", "packed", "blocks", "splitK"];
  const wide = Math.max(d, dv) > 256;
  return [...(wide || dv !== d ? ["twoPass"] : []), ...(wide ? ["flash", "packed", "blocks"] : [])];
}

/** True for problems that flashPlain takes: a causal mask, no other option, and heads of up to 128. */
const isPlain = (d: number, dv: number, { mask = "causal", score = "none", sink, dropout, rows }: CaseOptions) =>
  mask === "causal" && score === "none" && !sink && !dropout && !rows && d % 4 === 0 && dv === d && d <= 128;

/** One problem. */
export function problem(
  name: string,
  { b = 1, h = 1, g = h, t, s, d = 64, dv = d }: Sizes,
  options: CaseOptions = {},
  fill: Fills = {},
): Case<AttentionInputs, CaseOptions> {
  const random = (shape: readonly [number, number, number, number], seed: number) => ({
    shape,
    values: normal(shape[0] * shape[1] * shape[2] * shape[3], seed),
  });
  const input = (shape: readonly [number, number, number, number], seed: number, given: Fill | undefined) =>
    given ? filled(shape, given) : random(shape, seed);
  const used = options.rows?.map(([position, tokens]) => position + tokens);
  const poisoned = ({ shape, values }: { shape: readonly number[]; values: ArrayLike<number> }) => ({
    shape,
    // Unused slots must not be read: their NaN would spread.
    values: Array.from(values, (value, i) => {
      const [, heads = 1, rows = 1, width = 1] = shape;
      const row = Math.floor(i / width) % rows;
      const batch = Math.floor(i / (heads * rows * width));
      return row < (used?.[batch] ?? options.length ?? s) ? value : Number.NaN;
    }),
  });
  return {
    name,
    inputs: {
      q: input([b, t, h, d], 1, fill.q),
      keys: poisoned(input([b, g, s, d], 2, fill.keys)),
      values: poisoned(input([b, g, s, dv], 3, fill.values)),
    },
    options: { lse: true, ...options },
    refusedBy: [...refusedBy(d, dv), ...(isPlain(d, dv, options) ? [] : ["flashPlain"])],
  };
}

/** A tensor of a mask, for the reference, with the type in which it is uploaded. */
export const words = (shape: readonly number[], values: ArrayLike<number>): StoredDense =>
  stored({ shape, values }, "u32");

/** A tensor of a score, or a sink, rounded to its stored type. */
export const floats = (shape: readonly number[], values: ArrayLike<number>): Dense => stored({ shape, values }, "f32");

/** The key with the largest score: one of the first, so that all others are added to its sum. */
const largestAt = 3;

/**
 * Values of a long row: of the key with the score of 0, and of the others, whose weighted values are below half an ulp.
 */
const longRowValue = (row: number, column: number) =>
  row === largestAt ? 1 : column % 2 === 0 ? 1.25 : 1 + ((row * 7 + column * 3) % 16) / 8;

/**
 * A query with one score 16.9 above all others, over many keys: weights of 5·10⁻⁸ each are lost where they are added
 * key by key to a sum of 1. Plain loops lose them too, so the errors have separate bounds, which only naive and
 * flashPlain may exceed.
 */
export const longRow = {
  sizes: (keys: number) => ({ t: 1, s: keys }),
  options: { scale: 1 },
  fill: {
    q: ([, , , column]: readonly number[]) => (column === 0 ? 1 : 0),
    keys: ([, , row, column = 0]: readonly number[]) => (column > 0 ? 0 : row === largestAt ? 8 : -8.9),
    values: ([, , row = 0, column = 0]: readonly number[]) => longRowValue(row, column),
  },
  bounds: { results: { out: { relative: 2e-5 }, lse: { absolute: 2e-5 } }, except: ["naive", "flashPlain"] },
} as const;

/** The problem of a long row, over a cache of f32. */
export const longRowProblem = (keys: number): Case<AttentionInputs, CaseOptions> => ({
  ...problem(`one score 16.9 above all others, ${keys} keys`, longRow.sizes(keys), longRow.options, longRow.fill),
  bounds: longRow.bounds,
});

export const window = (keys: number): MaskDescription => ({ kind: "sliding-window", keys });
export const oneHot: Fill = ([, , row, column]) => (row === column ? 1 : 0);
