import { attention } from "../../../kernels/attention/attention.ts";
import { attention as reference } from "../../../reference/attention/attention.ts";
import type { Dense } from "../../../reference/dense.ts";
import { maskOf, scoreOf } from "../../../reference/described.ts";
import { tensor } from "../../../tensor/tensor.ts";
import { slice, transpose } from "../../../tensor/views.ts";
import { type Case, type CaseTable, variantsOf, withTags } from "../../case-table.ts";
import { allowedInAttention, attention as emulation, sumInAttention } from "../../emulation/attention.ts";
import { type Named, uploaded } from "../../named.ts";
import { normal } from "../../random.ts";
import { stepOf } from "../../step.ts";
import {
  type AttentionInputs,
  type CaseOptions,
  definedDropout,
  inTokens,
  longRowProblem,
  madeDropout,
  oneHot,
  problem,
  swapTokensAndHeads,
  window,
} from "./problem.ts";

/**
 * Problems of attention over a contiguous f32 cache. Tags: `splits` tests keys split into parts, `tile-lists` lists of
 * the tiles that a mask leaves, `packed-heads` tiles with the queries of several heads, `head-width` other head widths,
 * `long` rows of many keys, `hidden-nan` NaN in keys and values that the mask hides.
 */
const attentionProblems: readonly Case<AttentionInputs, CaseOptions>[] = [
  withTags(problem("one query, one key, one vector", { t: 1, s: 1, d: 4 }, {}), "splits"),
  problem(
    "one-hot values: the result is the weights, causal, more keys than queries",
    { h: 2, t: 37, s: 64 },
    {},
    { values: oneHot },
  ),
  withTags(
    problem("one-hot values, a window of 7", { h: 2, t: 37, s: 64 }, { mask: window(7) }, { values: oneHot }),
    "tile-lists",
  ),
  problem(
    "one-hot values, full, 50 of 64 keys",
    { h: 2, t: 37, s: 64 },
    { mask: "full", length: 50 },
    { values: oneHot },
  ),
  withTags(
    problem("one-hot values, one query, a window of 1", { h: 2, t: 1, s: 64 }, { mask: window(1) }, { values: oneHot }),
    "splits",
  ),
  problem("queries in the middle of the keys", { h: 2, t: 21, s: 64 }, { start: 30 }, { values: oneHot }),
  withTags(problem("more queries than keys: the first see no keys", { h: 2, t: 50, s: 20 }, {}), "splits"),
  problem("more queries than keys, a window of 3", { h: 2, t: 50, s: 20 }, { mask: window(3) }),
  problem(
    "scores that grow along the keys, over many tiles",
    { t: 70, s: 700 },
    { mask: "full", scale: 1 },
    {
      q: ([, , , column]) => (column === 3 ? 1 : 0),
      keys: ([, , row, column]) => (column === 3 ? row / 7 : 1),
    },
  ),
  problem(
    "scores that grow in steps along keys of three runs, differently for each query",
    { h: 1, g: 1, t: 9, s: 2600, d: 8 },
    { mask: "full", scale: 1 },
    {
      q: ([, row = 0, , column]) => (column === 3 ? 1 + row / 8 : 0),
      keys: ([, , row, column]) => (column === 3 ? Math.floor((row + 300) / 800) : 1),
    },
  ),
  withTags(
    problem(
      "one query, scores that grow along the keys, over many splits",
      { t: 1, s: 1500 },
      { scale: 1 },
      {
        q: ([, , , column]) => (column === 3 ? 1 : 0),
        keys: ([, , row, column]) => (column === 3 ? row / 7 : 1),
      },
    ),
    "splits",
  ),
  withTags(
    problem(
      "eight rows, scores that grow along a cache so long that a split loops several times",
      { h: 8, g: 1, t: 1, s: 9000, d: 8 },
      { scale: 1, lse: true, start: 8899, length: 8900 },
      {
        q: ([, , head, column]) => (column === 3 ? 1 + head / 8 : 0),
        keys: ([, , row, column]) => (column === 3 ? row / 40 : 1),
      },
    ),
    "splits",
  ),
  withTags(
    problem(
      "values constant in each key head, 7 to 1",
      { b: 2, h: 14, g: 2, t: 11, s: 19 },
      {},
      { values: ([b, head]) => 1 + head + 10 * b },
    ),
    "packed-heads",
  ),
  withTags(problem("5 to 1, one query", { h: 40, g: 8, t: 1, s: 33 }, { lse: false }), "splits"),
  withTags(problem("5 to 1, two queries", { h: 10, g: 2, t: 2, s: 33 }, { lse: false }), "splits"),
  problem("cache with an unused tail", { b: 2, h: 4, g: 2, t: 65, s: 200 }, { length: 131, visible: 160 }),
  withTags(
    problem("one query, most of the cache unused", { b: 2, h: 8, g: 2, t: 1, s: 1100 }, { length: 5 }),
    "splits",
  ),
  withTags(
    problem(
      "one query, a cache used almost to its end",
      { b: 2, h: 8, g: 2, t: 1, s: 1100 },
      { length: 1097, visible: 1098 },
    ),
    "splits",
  ),
  withTags(problem("eight queries of grouped heads", { h: 8, g: 2, t: 8, s: 300 }, { mask: window(40) }), "splits"),
  problem(
    "q × 8",
    { h: 2, t: 45, s: 97, d: 80 },
    {},
    { q: ([, token, head, column]) => 8 * (normal(1, token * 997 + head * 89 + column)[0] ?? 0) },
  ),
  withTags(longRowProblem(16_384), "splits", "tile-lists", "packed-heads", "long"),
  withTags(
    problem(
      "NaN in keys that no query sees, NaN and infinity in values that some do not see",
      { h: 4, t: 21, s: 90 },
      { start: 30 },
      {
        keys: ([, head, row, column]) =>
          row > 50 ? Number.NaN : (normal(1, 1 + head * 9001 + row * 89 + column)[0] ?? 0),
        values: ([, head, row, column]) =>
          row > 50 || (row === 44 && column === head) // in each head another column of a vector
            ? Number.NaN
            : row === 33 && column === 4 + head
              ? Number.POSITIVE_INFINITY
              : (normal(1, 7 + head * 9001 + row * 89 + column)[0] ?? 0),
      },
    ),
    "splits",
    "tile-lists",
    "packed-heads",
    "hidden-nan",
  ),
  withTags(problem("4096 equal scores", { h: 2, g: 1, t: 3, s: 4096 }, { mask: "full" }, { q: () => 0 }), "splits"),
  withTags(
    problem("some rows see no keys: a window past the keys", { h: 2, t: 20, s: 15 }, { mask: window(4), start: 8 }),
    "splits",
  ),
  withTags(
    problem("all rows see no keys: a window far past the keys", { h: 2, t: 5, s: 15 }, { mask: window(4), start: 800 }),
    "splits",
  ),
  withTags(problem("no keys", { b: 2, h: 2, t: 3, s: 15 }, { length: 0, start: 0 }), "tile-lists", "splits"),
  withTags(
    problem("prime lengths, several workgroups", { b: 2, h: 3, t: 71, s: 139 }, { mask: "full" }),
    "tile-lists",
    "splits",
  ),
  problem("a long window over several tiles", { h: 2, t: 190, s: 331 }, { mask: window(150) }),
  withTags(
    problem(
      "softcap where it bites",
      { h: 2, t: 19, s: 45 },
      { score: { kind: "softcap", cap: 2 } },
      { q: ([, token, head, column]) => 4 * Math.sin(token * 7 + head * 3 + column) },
    ),
    "splits",
  ),
  ...[36, 96, 128, 256].map((d) =>
    withTags(problem(`head width ${d}`, { h: 3, g: 1, t: 19, s: 150, d }, {}), "head-width"),
  ),
  ...[36, 80, 96, 128, 256].map((d) =>
    withTags(problem(`head width ${d}, one query`, { h: 3, g: 1, t: 1, s: 300, d }, {}), "splits"),
  ),
  problem("head width 5", { h: 3, g: 1, t: 19, s: 45, d: 5 }, {}),
  problem("values wider than keys", { h: 6, g: 2, t: 7, s: 30, d: 8, dv: 12 }, {}),
  withTags(problem("values narrower than keys", { h: 2, t: 9, s: 70, d: 192, dv: 128 }, {}), "splits"),
  problem("one key and value head, 576 and 512 wide", { h: 5, g: 1, t: 1, s: 270, d: 576, dv: 512 }, {}),
  problem("values of 260", { h: 2, g: 1, t: 2, s: 30, d: 12, dv: 260 }, {}),
  problem(
    "step: rows of different lengths",
    { b: 4, h: 4, g: 2, t: 13, s: 80 },
    {
      rows: [
        [0, 13],
        [41, 13],
        [7, 5],
        [29, 0],
      ],
      lse: true,
    },
  ),
  withTags(
    problem(
      "step: one query each, one row ended",
      { b: 3, h: 8, g: 2, t: 1, s: 600 },
      {
        rows: [
          [0, 1],
          [598, 1],
          [30, 0],
        ],
        visible: 600,
      },
    ),
    "splits",
  ),
  withTags(
    problem(
      "step: one query each, a window",
      { b: 3, h: 8, g: 2, t: 1, s: 600 },
      {
        rows: [
          [300, 1],
          [598, 1],
          [2, 1],
        ],
        mask: window(50),
        lse: true,
      },
    ),
    "splits",
  ),
  withTags(
    problem(
      "step: many queries, a window",
      { b: 2, h: 4, g: 2, t: 70, s: 200 },
      {
        rows: [
          [100, 70],
          [0, 70],
        ],
        mask: window(50),
      },
    ),
    "packed-heads",
  ),
];

function expected(
  oracle: typeof reference,
  { q, keys, values }: Named<AttentionInputs, Dense>,
  options: CaseOptions,
): Named<"out" | "lse?", Dense> {
  const { mask = "causal", score = "none", sink, dropout, scale, length, rows, visible } = options;
  const t = q.shape[1] ?? 0;
  const known = length ?? visible ?? keys.shape[2] ?? 0;
  const start = rows ? rows.map(([position]) => position) : (options.start ?? known - t);
  const { out, lse } = oracle(
    { q: swapTokensAndHeads(q), k: keys, v: values },
    {
      mask: maskOf(mask, start),
      score: scoreOf(score, start),
      ...(sink ? { sink } : {}),
      ...(dropout ? { dropout: definedDropout(dropout, q.shape[2] ?? 0) } : {}),
      ...(scale === undefined ? {} : { scale }),
      start,
      length: rows ? rows.map(([position, tokens]) => (tokens > 0 ? position + tokens : 0)) : known,
    },
  );
  return { out, ...(options.lse ? { lse } : {}) };
}

/** Attention over a contiguous f32 cache. */
export const attentionCases: CaseTable<AttentionInputs, "out" | "lse?", CaseOptions, keyof typeof attention.variants> =
  {
    op: "attention",
    variants: variantsOf(attention),
    reference: (inputs, options) => expected(reference, inputs, options),
    run: (gpu, { q, keys, values }, { mask, score, sink, dropout, rows, visible, into, ...options }, variant) => {
      const given = visible ?? keys.shape[2] ?? 0;
      const tensors = {
        q: transpose(q, [0, 2, 1, 3]),
        k: slice(keys, 2, 0, given),
        v: slice(values, 2, 0, given),
        ...(rows ? { step: stepOf(gpu, rows) } : {}),
        ...(sink ? { sink: tensor(gpu, sink.shape, sink.values) } : {}),
      };
      return attention(gpu, tensors, {
        ...options,
        variant,
        ...(mask ? { mask: uploaded(gpu, mask) } : {}),
        ...(score ? { score: uploaded(gpu, score) } : {}),
        ...(dropout ? { dropout: madeDropout(gpu, dropout) } : {}),
        ...inTokens(into),
      });
    },
    gate: {
      emulation: (inputs, options, sum) => expected((given, o) => emulation(given, o, sum), inputs, options),
      sum: sumInAttention,
      allowed: allowedInAttention,
    },
    cases: attentionProblems,
  };
