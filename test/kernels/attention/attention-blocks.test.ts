import { describe, expect, test } from "vitest";
import { maskExamples } from "../../../src/check/cases/attention/mask-examples.ts";
import { uploaded } from "../../../src/check/named.ts";
import { normal } from "../../../src/check/random.ts";
import { stepOf } from "../../../src/check/step.ts";
import { type AttentionMask, attention } from "../../../src/kernels/attention/attention.ts";
import { blockMap, countTiles, forgetBlockMaps } from "../../../src/kernels/attention/block-map.ts";
import { flashTiles } from "../../../src/kernels/attention/flash-tiles.ts";
import type { MaskDescription } from "../../../src/reference/described.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { classesOf, linesOf, listedOf } from "../../support/numbers/tiles-of.ts";

const gpu = await testGpu({ features: [] });
const shape = { b: 2, h: 6, t: 150, s: 211, unit: 11 } as const;
const { b, h, t, s } = shape;
const d = 16;
const random = (dims: readonly number[], seed: number) =>
  tensor(
    gpu,
    dims,
    normal(
      dims.reduce((size, axis) => size * axis, 1),
      seed,
    ),
  );
const tensors = { q: random([b, h, t, d], 1), k: random([b, 2, s, d], 2), v: random([b, 2, s, d], 3) };
const { ROWS = 0, KEYS = 0 } = flashTiles(d, d) ?? {};

/** What a map lists. */
const tilesOf = (description: MaskDescription, start: number, length: number, maps: number) =>
  listedOf(classesOf(description, { b, t, s, start, length, maps, rows: ROWS, keys: KEYS }));

describe.each([
  ["causal", 1],
  ["causal and document", 1],
  ["block-sparse, a map for each", h],
  ["fixed, code", h],
  ["key padding", 1],
  ["a user's own, with all it may say", h],
] as const)("the map of %s", (kind, maps) => {
  const description = maskExamples(shape)[kind] ?? "full";
  const mask = uploaded(gpu, description);

  test.each([
    ["all keys", s, s - t],
    ["some keys, from the middle on", 190, 33],
  ])("lists in order what is not empty, for %s", async (_, length, start) => {
    const map = blockMap(gpu, tensors, { mask, length, start });
    expect(map.shape).toEqual([b, maps, Math.ceil(t / ROWS), 1 + Math.ceil(s / KEYS)]);
    const listed = linesOf(await map.read(), map.shape[3] ?? 0);
    const tiles = tilesOf(description, start, length, maps);
    expect(listed).toEqual(tiles);
    const all = tiles.flatMap((row) => row.split(" ").filter((tile) => tile !== "")).map(Number);
    const times = h / maps;
    expect(await countTiles(gpu, tensors, { mask, length, start })).toEqual({
      rows: ROWS,
      keys: KEYS,
      partial: times * all.filter((tile) => tile % 2 === 0).length,
      full: times * all.filter((tile) => tile % 2 === 1).length,
      empty: h * b * Math.ceil(t / ROWS) * Math.ceil(s / KEYS) - times * all.length,
    });
  });
});

test("a map of more blocks than one workgroup lists", async () => {
  const [heads, queries, keys] = [40, 3, 2 * KEYS];
  const q = random([2, heads, queries, d], 1);
  const [k, v] = [random([2, heads, keys, d], 2), random([2, heads, keys, d], 3)];
  const sees = (row: number, key: number) => Math.floor(key / KEYS) === row % 2;
  const keep = tensor(
    gpu,
    [2, heads, queries, keys],
    Array.from({ length: 2 * heads * queries * keys }, (_, i) =>
      Number(sees(Math.floor(i / (queries * keys)), i % keys)),
    ),
    "u32",
  );
  const values = await blockMap(gpu, { q, k, v }, { mask: { kind: "boolean", keep } }).read();
  for (let row = 0; row < 2 * heads; row++) {
    expect(Array.from(values.slice(3 * row, 3 * row + 2)), `row ${row}`).toEqual([1, 2 * (row % 2) + 1]);
  }
});

describe("maps are kept", () => {
  const documents = tensor(
    gpu,
    [b, s],
    Array.from({ length: b * s }, (_, i) => (i % s) >> 5),
    "u32",
  );
  const kernels = (mask: AttentionMask, options = {}) => {
    const program = gpu.record(() => attention(gpu, tensors, { mask, variant: "blocks", ...options }));
    return program.dispatches.map(({ kernel }) => kernel);
  };
  const anew = ["attention/block-map/classify", "attention/block-map/list", "attention/flash"];

  test("for the same mask and shape; for masks with tensors, the same record", () => {
    const mask = { kind: "strided", stride: 9, set: 2 } as const;
    const first = blockMap(gpu, tensors, { mask });
    expect(blockMap(gpu, tensors, { mask: { ...mask } })).toBe(first);
    expect(blockMap(gpu, tensors, { mask: { ...mask, stride: 8 } })).not.toBe(first);
    expect(blockMap(gpu, tensors, { mask, length: 100 })).not.toBe(first);
    const record = { kind: "document", documents } as const;
    const own = blockMap(gpu, tensors, { mask: record });
    expect(blockMap(gpu, tensors, { mask: record })).toBe(own);
    expect(blockMap(gpu, tensors, { mask: { ...record } })).not.toBe(own);
  });

  test("a program takes the one that is kept, else makes it", () => {
    const mask = { kind: "document", documents } as const;
    expect(kernels(mask)).toEqual(anew);
    blockMap(gpu, tensors, { mask });
    expect(kernels(mask)).toEqual(["attention/flash"]);
    expect(kernels({ ...mask })).toEqual(anew);
    forgetBlockMaps(gpu, mask);
    expect(kernels(mask)).toEqual(anew);
  });

  test("outside of all scopes, but not for ever", () => {
    forgetBlockMaps(gpu);
    const masks = Array.from({ length: 20 }, (_, i) => ({ kind: "strided", stride: 2 + i, set: 2 }) as const);
    const maps = masks.map((mask) => {
      using _scope = gpu.scope();
      return blockMap(gpu, tensors, { mask });
    });
    expect(maps.map(({ storage }) => storage.state === "disposed")).toEqual(maps.map((_, i) => i < 4));
    forgetBlockMaps(gpu);
    expect(maps.every(({ storage }) => storage.state === "disposed")).toBe(true);
  });

  test("those in a program stay", () => {
    const mask = { kind: "document", documents } as const;
    const pinned = blockMap(gpu, tensors, { mask });
    kernels(mask);
    for (let stride = 2; stride < 22; stride++) blockMap(gpu, tensors, { mask: { kind: "strided", stride, set: 2 } });
    expect(pinned.storage.state).not.toBe("disposed");
    forgetBlockMaps(gpu);
  });

  test("with a step it is made each time", async () => {
    const mask = { kind: "strided", stride: 7, set: 2 } as const;
    const step = stepOf(gpu, [
      [40, t],
      [0, t],
    ]);
    const stepped = { ...tensors, step };
    const program = gpu.record(() => attention(gpu, stepped, { mask, variant: "blocks" }));
    expect(program.dispatches.map(({ kernel }) => kernel)).toEqual(anew);
    const { out } = attention(gpu, stepped, { mask, variant: "blocks" });
    const { out: same } = attention(gpu, stepped, { mask, variant: "naive" });
    const [values, wanted] = [await out.read(), await same.read()];
    expect(Math.max(...values.map((value, i) => Math.abs(value - (wanted[i] ?? Number.NaN))))).toBeLessThan(1e-5);
  });

  test("tiles that are empty are not visited: NaN in their keys and values does not show", async () => {
    const poisoned = (seed: number) => {
      const values = normal(b * 2 * s * d, seed);
      values.forEach((_, i) => {
        const key = Math.floor(i / d) % s;
        if (key >= 2 * KEYS && key < 4 * KEYS) values[i] = Number.NaN;
      });
      return tensor(gpu, [b, 2, s, d], values);
    };
    const keep = tensor(
      gpu,
      [1, 1, t, s],
      Array.from({ length: t * s }, (_, i) => Number(i % s < 2 * KEYS || i % s >= 4 * KEYS)),
      "u32",
    );
    const given = { q: tensors.q, k: poisoned(2), v: poisoned(3) };
    const { out } = attention(gpu, given, { mask: { kind: "boolean", keep }, variant: "blocks" });
    expect((await out.read()).every(Number.isFinite)).toBe(true);
  });

  test("attention takes them where a mask has holes", () => {
    const variantOf = (mask: AttentionMask) => gpu.record(() => attention(gpu, tensors, { mask })).calls[0]?.variant;
    expect(variantOf({ kind: "document", documents })).toBe("blocks");
    expect(variantOf({ kind: "chunked", keys: 7 })).toBe("flash");
  });
});
