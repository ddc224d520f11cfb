// Causal attention of one sequence, from three kernels over flash attention to one in subgroups.
import flash from "#shaders/attention/flash.wgsl";
import flashPlain from "#shaders/attention/flash-plain.wgsl";
import scores from "#shaders/attention/naive/scores.wgsl";
import naiveSoftmax from "#shaders/attention/naive/softmax.wgsl";
import values from "#shaders/attention/naive/values.wgsl";
import rows from "#shaders/attention/rows.wgsl";
import subgroups from "#shaders/attention/subgroups.wgsl";
import twoPass from "#shaders/attention/two-pass.wgsl";
import { flashTiles } from "../../kernels/attention/flash-tiles.ts";
import { attention } from "../../reference/attention/attention.ts";
import { causal } from "../../reference/attention/masks.ts";
import { type Dense, dense } from "../../reference/dense.ts";
import { transpose } from "../../reference/layout.ts";
import { gemm } from "../../reference/matmul.ts";
import { softmax } from "../../reference/softmax.ts";
import { type Dispatch, floats, type Inputs, positive } from "../dispatch.ts";
import { type Reference, type Size, type StudyKernel, shaped } from "../kernel.ts";

type Name = "heads" | "groups" | "queries" | "keys" | "width";
type Sizes = Readonly<Record<Name, number>>;

const sizes: Readonly<Record<Name, Size>> = {
  heads: { meaning: "query heads", usual: 2, most: 64 },
  groups: { meaning: "heads of keys and values, each of which is read by as many query heads", usual: 1, most: 64 },
  queries: { meaning: "queries, the last of which sees the last key", usual: 40, most: 4096 },
  keys: { meaning: "keys and values", usual: 72, most: 4096 },
  width: { meaning: "elements of a query, a key and a value", usual: 64, most: 256, multipleOf: 4 },
};

const refuses = ({ heads, groups, queries, keys }: Sizes): string | undefined => {
  if (heads % groups !== 0) return `${heads} heads do not divide among ${groups} groups`;
  return queries > keys ? `there are ${queries} queries and ${keys} keys, expected at least as many keys` : undefined;
};

/** Why threads cannot share the elements of a head. */
const uneven = ({ width = 0 }: Sizes, whole: number): string | undefined =>
  width % whole === 0 ? undefined : `width is ${width}, expected a multiple of ${whole} for the threads that share it`;

const scale = 0.5;

/** A small problem: a cut block of queries, a cut tile of keys. */
const small = (queries: number, keys: number): Sizes => ({ heads: 2, groups: 1, queries, keys, width: 8 });

const paramsOf = ({ heads: h, groups: g, queries: t, keys: s, width: d }: Sizes) =>
  ({ h, g, t, s, d, start: s - t, length: s, scale }) as const;

/** q is a view [h, t, d] of [t, h, d]; k and v are [g, s, d]. */
const viewsOf = ({ heads: h, keys: s, width: d }: Sizes) =>
  ({ q_head: d, q_token: h * d, k_head: s * d, k_token: d, v_head: s * d, v_token: d }) as const;

/** Attention of which a workgroup has so many queries of a head. */
function tokens(sizes: Sizes, queries: number): Dispatch {
  const { heads: h, groups: g, queries: t, keys: s, width: d } = sizes;
  return {
    uniforms: { params: paramsOf(sizes), views: viewsOf(sizes) },
    inputs: { q: floats(t * h * d), k: floats(g * s * d), v: floats(g * s * d) },
    outputs: { out: t * h * d },
    workgroups: [Math.ceil(t / queries), h, 1],
  };
}

const wide = ({ width }: Sizes) => ({ constants: { HEAD_WIDTH: width, VALUE_WIDTH: width } });

/** q as [1, h, t, d], and back. */
const byHeads = (x: Dense) => transpose({ x }, { order: [0, 2, 1, 3] }).y;

function attend(inputs: Inputs, { heads: h, groups: g, queries: t, keys: s, width: d }: Sizes) {
  const [k, v] = [dense([1, g, s, d], inputs["k"]), dense([1, g, s, d], inputs["v"])];
  const { out, lse } = attention({ q: byHeads(dense([1, t, h, d], inputs["q"])), k, v }, { scale, mask: causal });
  return { out: byHeads(out), lse };
}

const reference: Reference<Name> = {
  name: "attention",
  results: (inputs, sizes) => ({ out: attend(inputs, sizes).out }),
};

/** The mark of a score that the mask hides. */
const hidden = -1e38;

function scoresOf(inputs: Inputs, { heads: h, groups: g, queries: t, keys: s, width: d }: Sizes): Dense {
  const q = byHeads(dense([1, t, h, d], inputs["q"]));
  const k = transpose({ x: dense([g, s, d], inputs["k"]) }, { order: [0, 2, 1] }).y;
  const product = gemm({ a: dense([g, (h / g) * t, d], q.values), b: k }).y;
  const score = (value: number, i: number) => (i % s <= s - t + (Math.floor(i / s) % t) ? scale * value : hidden);
  return dense([h, t, s], product.values.map(score));
}

const row = { sizes, refuses, reference } as const;

/** Pairs of a query and a key that it sees, in a head; and keys that blocks of queries copy. */
const pairs = "(queries * keys - queries * (queries - 1) / 2)";
const blocks = "((queries + ROWS - 1) / ROWS)";
const copied = `((keys - queries) * (${blocks} - 1) + ROWS * ${blocks} * (${blocks} - 1) / 2 + keys)`;

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  shaped(scores, {
    sizes,
    refuses,
    small: { sizes: small(2, 6), constants: { WORKGROUP: 4 } },
    dispatch: (sizes, value) => {
      const { heads: h, groups: g, queries: t, keys: s, width: d } = sizes;
      return {
        uniforms: { params: paramsOf(sizes), views: viewsOf(sizes) },
        inputs: { q: floats(t * h * d), k: floats(g * s * d) },
        outputs: { scores: h * t * s },
        workgroups: [Math.ceil(s / value("WORKGROUP")), t, h],
      };
    },
    reference: { name: "gemm", results: (inputs, sizes) => ({ scores: scoresOf(inputs, sizes) }) },
    cost: {
      requestedBytes: "4 * heads * queries * keys * (2 * width + 1)",
      operations: "heads * queries * keys * (2 * width + 1)",
    },
  }),
  shaped(naiveSoftmax, {
    sizes: { heads: sizes.heads, queries: sizes.queries, keys: sizes.keys },
    small: { sizes: { heads: 2, queries: 2, keys: 10 }, constants: { WORKGROUP: 4 } },
    dispatch: ({ heads: h, queries: t, keys: s }) => ({
      uniforms: { params: { h, t, s, rows: h * t, start: s - t, length: s } },
      inputs: { scores: floats(h * t * s) },
      outputs: {},
      workgroups: [h * t, 1, 1],
    }),
    reference: {
      name: "softmax",
      results: ({ scores }, { heads, queries, keys }) => ({
        scores: softmax({ x: dense([heads * queries, keys], scores) }).y,
      }),
    },
    cost: { requestedBytes: "20 * heads * queries * keys" },
  }),
  shaped(values, {
    sizes,
    refuses,
    small: { sizes: { heads: 2, groups: 1, queries: 2, keys: 6, width: 4 }, constants: { WORKGROUP: 4 } },
    dispatch: (sizes, value) => {
      const { heads: h, groups: g, queries: t, keys: s, width } = sizes;
      const size = t * h * width;
      return {
        uniforms: {
          params: { h, g, t, s, width, size, start: s - t, length: s },
          views: { v_head: s * width, v_token: width },
        },
        inputs: { weights: positive(h * t * s), v: floats(g * s * width) },
        outputs: { out: size },
        workgroups: [Math.ceil(size / value("WORKGROUP")), 1, 1],
      };
    },
    reference: {
      name: "gemm",
      results: ({ weights, v }, { heads: h, groups: g, queries: t, keys: s, width }) => {
        const { y } = gemm({ a: dense([g, (h / g) * t, s], weights), b: dense([g, s, width], v) });
        return { out: byHeads(dense([1, h, t, width], y.values)) };
      },
    },
    cost: {
      requestedBytes: "4 * width * heads * queries * (2 * keys + 1)",
      operations: "2 * width * heads * queries * keys",
    },
  }),
  shaped(twoPass, {
    ...row,
    cost: { requestedBytes: `4 * heads * width * (5 * ${pairs} + queries)` },
    small: { sizes: small(2, 10), constants: { WORKGROUP: 4 } },
    dispatch: (sizes) => tokens(sizes, 1),
  }),
  shaped(rows, {
    ...row,
    cost: { requestedBytes: `4 * heads * width * (3 * ${pairs} + queries)` },
    small: { sizes: small(2, 10), constants: { WORKGROUP: 4 } },
    specialise: wide,
    dispatch: (sizes) => tokens(sizes, 1),
  }),
  // Two blocks of four queries, the last of which has two; two tiles of eight keys, the last of which has two.
  shaped(flashPlain, {
    sizes,
    refuses,
    small: { sizes: small(6, 10), constants: { ROWS: 4, KEYS: 8 } },
    specialise: ({ width }) => ({ constants: { HEAD_WIDTH: width } }),
    dispatch: (sizes, value) => {
      const { heads: h, queries: t } = sizes;
      const plain = tokens(sizes, value("ROWS"));
      const inVectors = Object.entries(viewsOf(sizes)).map(([name, elements]) => [name, elements / 4]);
      return {
        ...plain,
        uniforms: { params: { ...paramsOf(sizes), ...Object.fromEntries(inVectors) } },
        outputs: { ...plain.outputs, lse: h * t },
      };
    },
    reference: { name: "attention", results: attend },
    cost: { requestedBytes: `4 * heads * (queries * (2 * width + 1) + 2 * width * ${copied})` },
  }),
  // Two blocks of eight queries by four threads, twice eight keys.
  shaped(flash, {
    ...row,
    small: { sizes: small(10, 12), constants: { ROWS: 8, THREAD_ROWS: 4, COLUMN_THREADS: 2, KEYS: 8, CHUNKS: 2 } },
    specialise: ({ width }) => ({ constants: { ...flashTiles(width, width) } }),
    refuses: (sizes, value) =>
      refuses(sizes) ??
      (flashTiles(sizes.width, sizes.width)
        ? uneven(sizes, 4 * Math.max(value("COLUMN_THREADS"), value("CHUNKS")))
        : `heads of ${sizes.width} have no tiles`),
    dispatch: (sizes, value) => tokens(sizes, value("ROWS")),
  }),
  shaped(subgroups, {
    ...row,
    small: { sizes: small(10, 12), constants: { SUBGROUP: 2, ROWS: 4, KEYS: 4 } },
    specialise: wide,
    refuses: (sizes, value) => refuses(sizes) ?? uneven(sizes, 4 * value("SUBGROUP")),
    dispatch: (sizes, value) => tokens(sizes, value("ROWS")),
  }),
];
