import { describe, expect, test } from "vitest";
import { casesTagged } from "../../../src/check/case-table.ts";
import { attentionLayoutCases, longRowOfHalves } from "../../../src/check/cases/attention/layouts.ts";
import { checkCase } from "../../../src/check/check-case.ts";
import { packWords } from "../../../src/check/packed.ts";
import { normal } from "../../../src/check/random.ts";
import { stepOf } from "../../../src/check/step.ts";
import { attention } from "../../../src/kernels/attention/attention.ts";
import { cacheFormats } from "../../../src/kernels/formats/formats.ts";
import { blockTable } from "../../../src/kernels/kv-cache/block-table.ts";
import { sequenceOffsets } from "../../../src/kernels/kv-cache/layouts/ragged.ts";
import { quantise } from "../../../src/reference/attention/kv-cache.ts";
import { dense } from "../../../src/reference/dense.ts";
import { isPlain } from "../../../src/tensor/formats/formats.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { slice } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { portable } from "../../support/numbers/portable.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu({ features: [] });
// A pipeline takes a second to compile: not every variant runs over every layout, unless all is asked for.
const full = process.env["SHADERFORMER_FULL"] === "1";
const { cases } = attentionLayoutCases;
const chosen: Readonly<Record<string, readonly string[]>> = {
  rows: [
    "long",
    "nine-buffers",
    "shared-pages",
    "no-page",
    "ring-step",
    "ragged",
    "f16",
    "bf16",
    "int8-pages",
    "int4",
    "laid out",
  ],
  flash: ["long", "shared-pages", "ring-step", "ragged", "int4"],
  packed: ["ring-step"],
  blocks: ["no-page", "ring", "ragged", "int8-pages"],
  splitK: ["long", "window-pages", "no-page", "ring-sinks", "ragged", "bf16", "int8"],
};
for (const variant of portable(attention)) {
  const tags = chosen[variant];
  const long = full ? [longRowOfHalves(131_072)] : [];
  const some = full || !tags ? [...cases, ...long] : casesTagged(cases, ...tags);
  const seldom = tags ? [variant] : [];
  testCases(() => gpu, { ...attentionLayoutCases, variants: [variant], cases: some }, { seldom });
}

// With the choices made for GPUs, whatever the adapter.
const hardware = await testGpu({}, "hardware");
test.skipIf(!hardware.features.has("shader-f16"))("f16 as a GPU with shader-f16 reads it", async () => {
  for (const item of casesTagged(cases, "f16")) {
    for (const variant of ["rows", "flash"]) await checkCase(hardware, attentionLayoutCases, variant, item);
  }
});

const size = (shape: readonly number[]) => shape.reduce((product, axis) => product * axis, 1);
const random = (shape: readonly number[], seed: number) => tensor(gpu, shape, normal(size(shape), seed));
const variants = ["rows", "flash", "packed", "splitK"] as const;
const [h, g, d] = [6, 2, 32];

/** Pages that hold the rows of a contiguous cache `[1, g, s, d]`, in this order, and NaN elsewhere. */
function paged(values: ArrayLike<number>, s: number, page: number, table: readonly number[], pages: number): Tensor {
  const out = new Float32Array(pages * g * page * d).fill(Number.NaN);
  for (let i = 0; i < g * s * d; i++) {
    const [head, key, column] = [Math.floor(i / (s * d)), Math.floor(i / d) % s, i % d];
    const at = table[Math.floor(key / page)] ?? 0;
    out[((at * g + head) * page + (key % page)) * d + column] = values[i] ?? Number.NaN;
  }
  return tensor(gpu, [pages, g, page, d], out);
}

describe.each(full ? variants : (["flash", "splitK"] as const))("attention %s, to the bit", (variant) => {
  const [t, s] = [5, 80];
  const q = random([1, h, t, d], 1);
  const [k, v] = [normal(g * s * d, 2), normal(g * s * d, 3)];

  test("whatever the order and the size of pages, and as the cache without pages", async () => {
    const plain = attention(gpu, { q, k: tensor(gpu, [1, g, s, d], k), v: tensor(gpu, [1, g, s, d], v) }, { variant });
    const expected = await plain.out.read();
    const tables = [
      [16, [0, 1, 2, 3, 4]],
      [16, [6, 0, 5, 2, 3]],
      [64, [0, 1]],
      [32, [2, 0, 1]],
      [128, [1]],
    ] as const;
    for (const [page, table] of full ? tables : tables.slice(0, 3)) {
      const layout = { kind: "paged", blockTable: blockTable(gpu, [table], { pages: 7 }) } as const;
      const [pk, pv] = [paged(k, s, page, table, 7), paged(v, s, page, table, 7)];
      const { out } = attention(gpu, { q, k: pk, v: pv }, { variant, layout, length: s });
      expect(await out.read(), `pages of ${page}: ${table.join()}`).toEqual(expected);
    }
  });

  test("a sequence of a ragged batch is what it is alone, wherever it stands", async () => {
    const lengths = [
      [3, 40],
      [t, s],
      [0, 7],
      [11, 11],
    ] as const;
    const queries = lengths.reduce((sum, [count]) => sum + count, 0);
    const keys = lengths.reduce((sum, [, count]) => sum + count, 0);
    const all = { q: random([1, h, queries, d], 1), k: random([1, g, keys, d], 2), v: random([1, g, keys, d], 3) };
    const layout = {
      kind: "ragged",
      queryOffsets: sequenceOffsets(
        gpu,
        lengths.map(([count]) => count),
      ),
      keyOffsets: sequenceOffsets(
        gpu,
        lengths.map(([, count]) => count),
      ),
    } as const;
    const together = attention(gpu, all, { variant, layout }).out;
    let [query, key] = [0, 0];
    for (const [count, length] of lengths) {
      const alone = attention(
        gpu,
        {
          q: slice(all.q, 2, query, query + count),
          k: slice(all.k, 2, key, key + length),
          v: slice(all.v, 2, key, key + length),
        },
        {
          variant,
          layout: {
            kind: "ragged",
            queryOffsets: sequenceOffsets(gpu, [count]),
            keyOffsets: sequenceOffsets(gpu, [length]),
          },
        },
      ).out;
      expect(await slice(together, 2, query, query + count).read()).toEqual(await alone.read());
      [query, key] = [query + count, key + length];
    }
  });

  test("a batch row of shared pages is what it is alone, run after run", async () => {
    const tables = [[3, 1, 0], [3, 1, 2, 5, 4], [6]];
    const rows = [
      [40, 5],
      [70, 5],
      [3, 2],
    ] as const;
    const pages = { k: random([7, g, 16, d], 2), v: random([7, g, 16, d], 3) };
    const q3 = random([3, h, t, d], 1);
    const run = (from: number, to: number) => {
      const layout = {
        kind: "paged",
        blockTable: blockTable(gpu, tables.slice(from, to), { pages: 7, entries: 5 }),
      } as const;
      const step = stepOf(gpu, rows.slice(from, to));
      return attention(gpu, { q: slice(q3, 0, from, to), ...pages, step }, { variant, layout }).out.read();
    };
    const together = await run(0, 3);
    for (let i = 0; i < 5; i++) expect(await run(0, 3)).toEqual(together);
    for (const row of [0, 1, 2]) {
      expect(await run(row, row + 1)).toEqual(together.slice(row * h * t * d, (row + 1) * h * t * d));
    }
  });
});

test.each(["flash", "splitK"] as const)(
  "attention %s: a bias by distance in a ring and in a sequence",
  async (variant) => {
    const [t, s] = [3, 40];
    const x = { q: random([1, h, t, d], 1), k: random([1, g, s, d], 2), v: random([1, g, s, d], 3) };
    const score = { kind: "relative-bias", table: random([h, 9], 4) } as const;
    const expected = await attention(gpu, x, { variant, score }).out.read();
    const [queryOffsets, keyOffsets] = [sequenceOffsets(gpu, [t]), sequenceOffsets(gpu, [s])];
    for (const layout of [{ kind: "ring" }, { kind: "ragged", queryOffsets, keyOffsets }] as const) {
      expect(await attention(gpu, x, { variant, score, layout }).out.read(), layout.kind).toEqual(expected);
    }
    expect(expected).not.toEqual(await attention(gpu, x, { variant }).out.read());
  },
);

test.each(["rows", "flash", "packed", "splitK"] as const)(
  "attention %s: a ragged batch costs what its sequences cost",
  (variant) => {
    const counts = { queries: [3, 0, 70], keys: [40, 7, 90] };
    const all = { q: random([1, h, 73, d], 1), k: random([1, g, 137, d], 2), v: random([1, g, 137, d], 3) };
    const cost = (queries: readonly number[], keys: readonly number[]) => {
      const layout = {
        kind: "ragged",
        queryOffsets: sequenceOffsets(gpu, queries),
        keyOffsets: sequenceOffsets(gpu, keys),
      } as const;
      const dispatch = gpu.record(() => attention(gpu, all, { variant, layout })).calls[0]?.dispatches[0];
      const { flops, executedFlops = 0, requestedBytes = 0 } = dispatch?.cost ?? { flops: 0 };
      return { flops, executedFlops, requestedBytes };
    };
    const alone = counts.queries.map((count, i) => cost([count], [counts.keys[i] ?? 0]));
    const sum = (name: keyof (typeof alone)[number]) => alone.reduce((total, one) => total + one[name], 0);
    const together = cost(counts.queries, counts.keys);
    expect(together).toEqual({
      flops: sum("flops"),
      executedFlops: sum("executedFlops"),
      requestedBytes: sum("requestedBytes"),
    });
    // Causal, query i of n at key s − n + i.
    const pairs = h * (3 * 40 - 3 + 70 * 90 - (70 * 69) / 2);
    expect(together.flops).toBe(4 * d * pairs);
  },
);

test.each(cacheFormats.filter((name) => !isPlain(name)))(
  "attention over a part of an %s cache that begins later",
  async (format) => {
    const [t, s] = [3, 40];
    const [row, key] = [2, 3]; // where the part begins
    const bits = format === "int8" ? 8 : 4;
    const stored = (seed: number, width: number) => {
      const x = dense([3, g, s, width], normal(3 * g * s * width, seed));
      const { codes, scales } = quantise({ x }, { bits, block: bits === 8 ? width : 32 });
      const { shape, values } = packWords(codes, bits);
      const scaleShape = bits === 8 ? scales.shape.slice(0, 3) : scales.shape;
      return { words: tensor(gpu, shape, values, "u32"), scale: tensor(gpu, scaleShape, scales.values) };
    };
    const [k, v] = [stored(2, d), stored(3, 2 * d)];
    const q = random([1, h, t, d], 1);
    const tail = (x: Tensor) => slice(slice(x, 0, row, 3), 2, key, s);
    /** The same values in separate memory. */
    const copy = async (x: Tensor) => tensor(gpu, tail(x).shape, await tail(x).read(), x.dtype);
    const view = { q, k: tail(k.words), v: tail(v.words), kScale: tail(k.scale), vScale: tail(v.scale) };
    const alone = {
      q,
      k: await copy(k.words),
      v: await copy(v.words),
      kScale: await copy(k.scale),
      vScale: await copy(v.scale),
    };
    for (const variant of ["rows", "splitK"] as const) {
      const expected = await attention(gpu, alone, { variant }).out.read();
      expect(expected.every(Number.isFinite)).toBe(true);
      expect(await attention(gpu, view, { variant }).out.read(), variant).toEqual(expected);
    }
  },
);
