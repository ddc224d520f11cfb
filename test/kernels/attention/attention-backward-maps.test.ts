import { describe, expect, test } from "vitest";
import { maskExamples } from "../../../src/check/cases/attention/mask-examples.ts";
import { uploaded } from "../../../src/check/named.ts";
import type { AttentionMask } from "../../../src/kernels/attention/attention.ts";
import { attentionBackward } from "../../../src/kernels/attention/backward/attention-backward.ts";
import { tileMaps } from "../../../src/kernels/attention/backward/flash.ts";
import { KEYS, ROWS } from "../../../src/kernels/attention/backward/flash-tiles.ts";
import { backwardProblem } from "../../../src/kernels/attention/backward/options.ts";
import { makeMods } from "../../../src/kernels/attention/records/made-mods.ts";
import { placeholder, type Tensor, zeros } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { classesOf, linesOf, listedOf } from "../../support/numbers/tiles-of.ts";

const gpu = await testGpu();
const small = await testGpu({ cap: { storageBuffers: 8 } });
const usual: readonly [number, number, number, number, number, number] = [2, 6, 2, 150, 211, 4];
const [b, h, , t, s] = usual;

/** What attention's gradients are given, of a number of sequences, heads, key heads, queries, keys and columns. */
function tensorsOf(make: (shape: readonly number[]) => Tensor, [n, heads, groups, queries, keys, width] = usual) {
  const [rows, k, v] = [[n, heads, queries, width], make([n, groups, keys, width]), make([n, groups, keys, width])];
  return { q: make(rows), k, v, out: make(rows), lse: make([n, heads, queries]), dout: make(rows) };
}

describe.each([
  ["causal and document", 1],
  ["block-sparse, a map for each", h],
  ["fixed, code", h],
  ["a user's own, with all it may say", h],
] as const)("the maps of %s for gradients", (kind, maps) => {
  const description = maskExamples({ b, h, t, s, unit: 30 })[kind] ?? "full";

  test.each([
    ["all keys", s, s - t],
    ["some keys, from the middle on", 190, 33],
  ])("list the tiles of queries and of keys that are not empty, for %s", async (_, length, start) => {
    const tensors = tensorsOf((shape) => zeros(gpu, shape));
    const mask = uploaded(gpu, description);
    makeMods({ mask });
    const found = tileMaps(gpu, tensors, backwardProblem(tensors, { mask, start, length }));
    const [ofQueries, ofKeys] = [found.ofQueries, found.ofKeys] as [Tensor, Tensor];
    const classes = classesOf(description, { b, t, s, start, length, maps, rows: ROWS, keys: KEYS });
    const [blocks, tiles] = [Math.ceil(t / ROWS), Math.ceil(s / KEYS)];
    expect(ofQueries.shape).toEqual([b, maps, blocks, 1 + tiles]);
    expect(ofKeys.shape).toEqual([b, maps, tiles, 1 + blocks]);
    const exchanged = classes.map((lines) =>
      Array.from({ length: tiles }, (_unused, i) => lines.map((line) => line[i] ?? 0)),
    );
    expect(linesOf(await ofQueries.read(), 1 + tiles)).toEqual(listedOf(classes));
    expect(linesOf(await ofKeys.read(), 1 + blocks)).toEqual(listedOf(exchanged));
    const all = classes.flat(2);
    expect(all.filter((one) => one === 0).length, "tiles that are empty").toBeGreaterThan(0);
    expect(all.filter((one) => one > 0).length, "tiles that are not").toBeGreaterThan(0);
  });
});

describe("the kernels of a call", () => {
  const mask: AttentionMask = { kind: "strided", stride: 9, set: 2 };
  const kernelsOf = (options: Parameters<typeof attentionBackward>[2], shape?: typeof usual) => {
    const tensors = tensorsOf((of) => placeholder(gpu, of, "f32", "x"), shape);
    const program = gpu.record(() => attentionBackward(gpu, tensors, { variant: "flash", ...options }));
    const bytes = program.dispatches.flatMap(({ bindings }) => bindings.map(({ storage }) => storage.bytes));
    return { kernels: program.dispatches.map(({ kernel }) => kernel.replace(/.*\//, "")), bytes };
  };

  test("a mask with holes is classified once, and listed for the gradients that are wanted", () => {
    const both = ["stats", "classify", "list", "copy", "list", "flash-q", "flash-kv"];
    expect(kernelsOf({ mask }).kernels).toEqual(both);
    const of = (needs: { readonly q: boolean; readonly k: boolean }) =>
      kernelsOf({ mask, needs: { v: false, ...needs } }).kernels;
    expect(of({ q: true, k: false })).toEqual(["stats", "classify", "list", "flash-q"]);
    expect(of({ q: false, k: true })).toEqual(["stats", "classify", "copy", "list", "flash-kv"]);
  });

  test("sums along diagonals visit the map of queries", () => {
    const table = placeholder(gpu, [h, 7], "f32", "table");
    const score = { kind: "signed-relative-bias", table } as const;
    const of = (given: AttentionMask) =>
      kernelsOf({ mask: given, score, needs: { q: false, k: false, v: false, score: ["table"] } }).kernels;
    expect(of(mask)).toEqual(["stats", "classify", "list", "flash-diagonals", "table"]);
    expect(of("causal")).toEqual(["stats", "flash-diagonals", "table"]);
  });

  test("one of which a query sees all of a range has no map", () => {
    for (const closed of ["causal", { kind: "sliding-window", keys: 9 }, { kind: "chunked", keys: 7 }] as const) {
      expect(kernelsOf({ mask: closed }).kernels).toEqual(["stats", "flash-q", "flash-kv"]);
    }
  });

  test("8,192 tokens of 4 heads with holes: maps of a word a tile, no buffer of all pairs", () => {
    const shape = [1, 4, 4, 8192, 8192, 64] as const;
    const { bytes } = kernelsOf({ mask: { kind: "sink-window", sinks: 4, keys: 512 } }, shape);
    expect(Math.max(...bytes)).toBe(2 * 4 * 4 * 8192 * 64); // dk and dv
    expect(bytes).toContain((4 * 8192 * 8192) / (ROWS * KEYS));
  });

  test("a device without a buffer for the map visits the tiles of the range", () => {
    const x = (shape: readonly number[], dtype: "f32" | "u32" = "f32") => placeholder(small, shape, dtype, "x");
    const tensors = tensorsOf((shape) => x(shape));
    const documents = { kind: "document", documents: x([b, s], "u32") } as const;
    const kernels = (score: Parameters<typeof attentionBackward>[2]) =>
      small
        .record(() => attentionBackward(small, tensors, { variant: "flash", mask: documents, ...score }))
        .dispatches.map(({ kernel, bindings }) => [kernel.replace(/.*\//, ""), bindings.length]);
    expect(kernels({}).slice(-2)).toEqual([
      ["flash-q", 8],
      ["flash-kv", 8],
    ]);
    expect(kernels({ score: { kind: "head-bias", bias: x([h]) } })).toEqual([
      ["stats", 4],
      ["flash-q", 8],
      ["flash-kv", 8],
    ]);
  });
});
