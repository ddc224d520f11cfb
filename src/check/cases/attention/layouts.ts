import type { Gpu } from "../../../gpu/gpu.ts";
import { type AttentionLayout, attention } from "../../../kernels/attention/attention.ts";
import { cacheFormats } from "../../../kernels/formats/formats.ts";
import { isInteger } from "../../../kernels/kv-cache/storage.ts";
import { attention as reference } from "../../../reference/attention/attention.ts";
import { type Dense, dense } from "../../../reference/dense.ts";
import { maskOf, scoreOf } from "../../../reference/described.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { transpose } from "../../../tensor/views.ts";
import { layoutRecords } from "../../attention-records.ts";
import { type Case, type CaseTable, variantsOf, withTags } from "../../case-table.ts";
import { allowedInAttention, attention as emulation, sumInAttention } from "../../emulation/attention.ts";
import { type Named, uploaded } from "../../named.ts";
import { stepOf } from "../../step.ts";
import {
  gathered,
  keeps,
  type LayoutInputs,
  type LayoutOptions,
  laidOut,
  laidProblems,
  layoutProblem,
  lengthsOf,
  pastTheLast,
  shuffled,
} from "./layouts-problem.ts";
import { floats, inTokens, longRow, swapTokensAndHeads } from "./problem.ts";

/** Each batch row or sequence separately, then all of them in the order of the result. */
function expected(
  oracle: typeof reference,
  { q, keys, values, kScale, vScale }: Named<LayoutInputs, Dense>,
  options: LayoutOptions,
): Named<"out" | "lse?", Dense> {
  const { layout, rows, mask = "causal" } = options;
  const [b = 0, t = 0, h = 0, d = 0] = q.shape;
  const [, , slots = 0] = keys.shape;
  const lengths = lengthsOf(options, b, slots);
  const visible = maskOf(mask);
  const outs: number[] = [];
  const sums: Float64Array[] = [];
  let first = 0; // token
  for (const [row, length] of lengths.entries()) {
    const count = layout.kind === "ragged" ? (layout.queries[row] ?? 0) : t;
    const own = dense([1, count, h, d], q.values.slice(first * h * d, (first + count) * h * d));
    first += count;
    const { out, lse } = oracle(
      {
        q: swapTokensAndHeads(own),
        k: gathered({ rows: keys, scales: kScale }, options, row, length),
        v: gathered({ rows: values, scales: vScale }, options, row, length),
      },
      {
        mask: (_, head, query, key) => visible(row, head, query, key) && keeps(options, row, key, length, slots),
        score: scoreOf(options.score ?? "none"),
        ...(options.scale === undefined ? {} : { scale: options.scale }),
        start: rows ? (rows[row]?.[0] ?? 0) : length - count,
        length,
      },
    );
    outs.push(...swapTokensAndHeads(out).values);
    sums.push(lse.values);
  }
  const dv = outs.length / (first * h);
  const shape = layout.kind === "ragged" ? [1, h, first] : [b, h, t];
  const lse = dense(shape);
  let at = 0;
  for (const own of sums) {
    const count = own.length / h;
    own.forEach((value, i) => {
      const [head, token] = [Math.floor(i / count), i % count];
      lse.values[layout.kind === "ragged" ? head * first + at + token : at * h + i] = value;
    });
    at += count;
  }
  const [n = 0, m = 0, tokens = 0] = shape;
  return { out: swapTokensAndHeads(dense([n, tokens, m, dv], outs)), ...(options.lse ? { lse } : {}) };
}

/** The layout with its tensors, as passed to attention. */
const layoutOf = (
  gpu: Gpu,
  { blockTable, queryOffsets, keyOffsets }: Named<LayoutInputs, Tensor>,
  { layout }: LayoutOptions,
): AttentionLayout => {
  if (layout.kind === "laid") return laidOut(layout).layout(gpu);
  if (blockTable) return { kind: "paged", blockTable };
  if (queryOffsets && keyOffsets) return { kind: "ragged", queryOffsets, keyOffsets };
  return layout.kind === "ring" ? layout : "contiguous";
};

/** The variants for contiguous f32 alone. */
const ofFloats = ["naive", "twoPass", "flashPlain"];

const problem = (
  name: string,
  sizes: Parameters<typeof layoutProblem>[1],
  given: Partial<LayoutOptions>,
  fill: Parameters<typeof layoutProblem>[4] = {},
) => {
  const options: LayoutOptions = { layout: { kind: "contiguous" }, format: "f32", ...given };
  const { layout, format } = options;
  const unmapped = layout.kind === "ring" || layout.kind === "ragged";
  const made = layoutProblem(name, sizes, options, [...ofFloats, ...(unmapped ? ["blocks"] : [])], fill);
  if (layout.kind !== "paged" || !isInteger(format)) return made;
  return { ...made, buffers: { blocks: given.score === undefined ? 9 : 10 } }; // the map of tiles is one more
};

/** The problem of a long row, over a cache of f16. */
export const longRowOfHalves = (keys: number): Case<LayoutInputs, LayoutOptions> => ({
  ...problem(
    `f16, one score 16.9 above all others, ${keys} keys`,
    { ...longRow.sizes(keys), h: 1, g: 1 },
    { ...longRow.options, format: "f16" },
    longRow.fill,
  ),
  bounds: longRow.bounds,
});

const [a, c] = [shuffled(8, 5), shuffled(8, 9)];

/** int8 in pages; one row has 71 keys, the other 20. */
const pagedIntegers: LayoutOptions = {
  layout: { kind: "paged", page: 16, table: [a.slice(0, 5), a.slice(5, 7)] },
  rows: [
    [71, 2],
    [20, 2],
  ],
  format: "int8",
};

/** Attention over caches of every layout and format; their names are tags. */
export const attentionLayoutCases: CaseTable<
  LayoutInputs,
  "out" | "lse?",
  LayoutOptions,
  keyof typeof attention.variants
> = {
  op: "attention layouts",
  variants: variantsOf(attention),
  reference: (inputs, options) => expected(reference, inputs, options),
  run: (gpu, tensors, described, variant) => {
    const { layout: _, format: __, rows, into, score, ...options } = described;
    const { q, keys, values, kScale, vScale } = tensors;
    const step = rows ? { step: stepOf(gpu, rows) } : {};
    return attention(
      gpu,
      { q: transpose(q, [0, 2, 1, 3]), k: keys, v: values, kScale, vScale, ...step },
      {
        ...options,
        ...(score ? { score: uploaded(gpu, score) } : {}),
        layout: layoutOf(gpu, tensors, described),
        variant,
        ...inTokens(into),
      },
    );
  },
  gate: {
    emulation: (inputs, options, sum) => expected((given, o) => emulation(given, o, sum), inputs, options),
    sum: sumInAttention,
    allowed: allowedInAttention,
  },
  cases: [
    withTags(
      problem(
        "pages of 16 in any order, some shared, the last of each row partly in use",
        { b: 3, h: 4, g: 2, t: 2, s: 16 },
        {
          layout: { kind: "paged", page: 16, table: [a.slice(0, 5), [a[0] ?? 0, a[1] ?? 0, a[6] ?? 0], [a[7] ?? 0]] },
          rows: [
            [71, 2],
            [33, 2],
            [2, 1],
          ],
        },
      ),
      "shared-pages",
    ),
    withTags(
      problem(
        "pages of 128, a window",
        { b: 2, h: 4, g: 4, t: 1, s: 128 },
        {
          layout: { kind: "paged", page: 128, table: [c.slice(0, 4), c.slice(4, 6)] },
          rows: [
            [500, 1],
            [140, 1],
          ],
          mask: { kind: "sliding-window", keys: 300 },
        },
      ),
      "window-pages",
    ),
    withTags(
      problem(
        "entries without a page count as masked",
        { b: 1, h: 6, g: 2, t: 70, s: 16 },
        {
          layout: { kind: "paged", page: 16, table: [[3, 5, 2147480000, 0, pastTheLast, 1, 2]] },
          length: 106,
          mask: "full",
        },
      ),
      "no-page",
    ),
    ...[0, 4].map((sinks) =>
      withTags(
        problem(
          `a ring that has wrapped, ${sinks} sinks`,
          { b: 2, h: 4, g: 2, t: 2, s: 40 },
          { layout: { kind: "ring", sinks }, length: 171, mask: { kind: "sliding-window", keys: 33 } },
        ),
        "ring",
        ...(sinks > 0 ? ["ring-sinks"] : []),
      ),
    ),
    withTags(
      problem(
        "a ring by the step: one row wrapped, one not yet full, one ended",
        { b: 3, h: 6, g: 2, t: 1, s: 40 },
        {
          layout: { kind: "ring", sinks: 4 },
          rows: [
            [1000, 1],
            [21, 1],
            [7, 0],
          ],
        },
      ),
      "ring-step",
    ),
    withTags(
      problem(
        "sequences of different lengths, one of them without queries, one without keys",
        { h: 6, g: 2, t: 90, s: 140 },
        { layout: { kind: "ragged", queries: [1, 40, 0, 3, 30, 8, 8], keys: [33, 40, 5, 0, 41, 8, 6] } },
      ),
      "ragged",
    ),
    ...cacheFormats
      .slice(1)
      .flatMap((format) => [
        withTags(
          problem(`${format} with room left`, { b: 2, h: 6, g: 2, t: 1, s: 80 }, { format, length: 70 }),
          format,
        ),
      ]),
    withTags(problem("int8 in pages, by the step", { b: 2, h: 4, g: 2, t: 2, s: 16 }, pagedIntegers), "int8-pages"),
    withTags(
      problem(
        "int8 in pages, with ALiBi: nine storage buffers",
        { b: 2, h: 4, g: 2, t: 2, s: 16 },
        {
          ...pagedIntegers,
          score: { kind: "alibi", slopes: floats([4], [0.5, 0.25, 0.125, 0.0625]) },
        },
      ),
      "nine-buffers",
    ),
    withTags(longRowOfHalves(16_384), "long"),
    ...layoutRecords
      .filter(({ extent, openEnded }) => !extent && !openEnded)
      .flatMap((record) => laidProblems(record, ofFloats).map((item) => withTags(item, "laid out", record.name))),
  ],
};
