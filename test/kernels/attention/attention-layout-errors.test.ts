import { describe, expect, test } from "vitest";
import { normal } from "../../../src/check/random.ts";
import { stepOf } from "../../../src/check/step.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { type AttentionOptions, attention } from "../../../src/kernels/attention/attention.ts";
import { blockTable } from "../../../src/kernels/kv-cache/block-table.ts";
import { sequenceOffsets } from "../../../src/kernels/kv-cache/layouts/ragged.ts";
import { empty, type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { slice } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";

const gpu = await testGpu({ features: [] });
const size = (shape: readonly number[]) => shape.reduce((product, axis) => product * axis, 1);
const random = (shape: readonly number[], seed: number) => tensor(gpu, shape, normal(size(shape), seed));
const words = (...shape: number[]) => tensor(gpu, shape, new Uint32Array(size(shape)), "u32");
const variants = ["rows", "flash", "packed", "splitK"] as const;
const [h, g, d] = [6, 2, 32];

describe("attention refuses layouts that contradict their tensors", () => {
  const q = random([2, h, 3, d], 1);
  const call = (
    tensors: Partial<Record<"q" | "k" | "v" | "kScale" | "vScale" | "step", Tensor>>,
    options: AttentionOptions = {},
  ) => attention(gpu, { q, k: random([2, g, 16, d], 2), v: random([2, g, 16, d], 3), ...tensors }, options);
  const offsets = (...lengths: number[]) => sequenceOffsets(gpu, lengths);

  test("pages", () => {
    const table = (rows: number[][], pages = 2) => ({
      layout: { kind: "paged", blockTable: blockTable(gpu, rows, { pages }) } as const,
    });
    expect(() => call({}, table([[0]]))).toThrow(/blockTable is u32 \[1, 1\], expected u32 \[b, entries\] with b = 2/);
    expect(() => call({}, table([[0], [3]], 4))).toThrow(/of a cache with 4 pages, the one given is \[2, 2, 16, 32\]/);
    expect(() => blockTable(gpu, [[0, 2]], { pages: 2 })).toThrow(/entry 1 of row 0 is page 2, expected 0 to 1/);
    expect(() => call({}, { ...table([[0], [1]]), length: 17 })).toThrow(/length is 17, expected 0 to 16/);
    const odd = { k: random([2, g, 12, d], 2), v: random([2, g, 12, d], 3) };
    expect(() => call(odd, table([[0], [1]]))).toThrow(/pages of 12 keys .* expected a power of two/);
    expect(() => call({}, { layout: { kind: "paged", blockTable: random([2, 1], 1) } })).toThrow(/blockTable is f32/);
  });

  test("ragged sequences and rings", () => {
    const ragged = (queries: Tensor, keys: Tensor) => ({
      layout: { kind: "ragged", queryOffsets: queries, keyOffsets: keys } as const,
    });
    expect(() => call({}, ragged(offsets(3), offsets(16)))).toThrow(/expected one row \[1, …\]/);
    const one = { q: random([1, h, 3, d], 1), k: random([1, g, 16, d], 2), v: random([1, g, 16, d], 3) };
    expect(() => call(one, ragged(offsets(3), offsets(8, 8)))).toThrow(/queryOffsets is \[2\], keyOffsets \[3\]/);
    expect(() => call(one, ragged(offsets(3), random([2], 1)))).toThrow(/keyOffsets is f32 \[2\]/);
    expect(() => call(one, { ...ragged(offsets(3), offsets(16)), length: 4 })).toThrow(
      /a ragged layout defines start and length/,
    );
    expect(() => call({ ...one, step: stepOf(gpu, [[0, 3]]) }, ragged(offsets(3), offsets(16)))).toThrow(
      /expected no step/,
    );
    expect(() => sequenceOffsets(gpu, [3, -1])).toThrow(/lengths is \[3, -1\], expected a list/);
    expect(() => call({}, { layout: { kind: "ring", sinks: 16 } })).toThrow(/16 sinks in a ring of 16 slots/);
    const documents = tensor(gpu, [2, 16], new Uint32Array(32), "u32");
    expect(() => call({}, { layout: { kind: "ring" }, mask: { kind: "document", documents }, length: 40 })).toThrow(
      /a ring layout takes masks and scores that read no tensors by row or position/,
    );
  });

  test("integers and their scales", () => {
    const int8 = { k: words(2, g, 16, d / 4), v: words(2, g, 16, d / 4) };
    const [kScale, vScale] = [random([2, g, 16], 1), random([2, g, 16], 2)];
    expect(() => call({ ...int8, kScale })).toThrow(/vScale is missing, expected both or none/);
    expect(() => call(int8)).toThrow(/k is u32 \[2, 2, 16, 8\], expected kScale with it/);
    expect(() => call({ ...int8, kScale: random([2, g, 15], 1), vScale })).toThrow(
      /kScale is f32 \[2, 2, 15\], expected f32 \[2, 2, 16\]/,
    );
    expect(() => call({ k: words(2, g, 16, 5), v: words(2, g, 16, 5), kScale, vScale })).toThrow(
      /expected u32 with 8 words a row/,
    );
    expect(() => call({ kScale, vScale })).toThrow(/k is f32 .*with scales/);
    const narrow = slice(random([2, g, 32, 1], 1), 2, 0, 16);
    const shrunk = { ...narrow, shape: [2, g, 16], strides: narrow.strides.slice(0, 3) };
    expect(() =>
      call({ ...int8, kScale: Object.setPrototypeOf(shrunk, Object.getPrototypeOf(narrow)) as Tensor, vScale }),
    ).toThrow(/k has strides .*, kScale .*, expected the same views of both/);
  });

  test("variants that read f32 rows one after the other say so", () => {
    const layout = { kind: "ring" } as const;
    const tensors = { q, k: random([2, g, 16, d], 2), v: random([2, g, 16, d], 3) };
    const survey = attention.survey(gpu, tensors, { layout, length: 40 });
    expect(survey.get("naive")).toBe("it takes no ring layout");
    expect(survey.get("twoPass")).toBe("it takes no ring layout");
    expect(survey.get("blocks")).toBe("its map of tiles takes no ring layout");
    for (const variant of variants) expect(survey.get(variant), variant).toBeUndefined();
    expect(() => attention(gpu, tensors, { layout, variant: "naive" })).toThrow(
      /attention\/naive: it takes no ring layout/,
    );
  });
});

test("as many storage buffers as the device takes, and splitK where the others need more", async () => {
  const choice = (own: Gpu, hasSink: boolean) => {
    const on = (dtype: "f32" | "u32", ...shape: number[]) => empty(own, shape, dtype);
    const q = on("f32", 1, 4, 9, d);
    const [k, v] = [on("u32", 6, 2, 16, d / 4), on("u32", 6, 2, 16, d / 4)];
    const [kScale, vScale] = [on("f32", 6, 2, 16), on("f32", 6, 2, 16)];
    const layout = { kind: "paged", blockTable: on("u32", 1, 5) } as const;
    const options = hasSink ? {} : { score: { kind: "alibi", slopes: on("f32", 4) } as const };
    const tensors = { q, k, v, kScale, vScale, ...(hasSink ? { sink: on("f32", 4) } : {}) };
    const { calls } = own.record(() => attention(own, tensors, { ...options, layout, lse: true, length: 80 }));
    return calls[0]?.variant;
  };
  const small = await testGpu({ features: [], cap: { storageBuffers: 8 } });
  for (const hasSink of [false, true]) expect(choice(gpu, hasSink)).toBe("flash");
  expect(choice(small, true)).toBe("splitK");
  expect(() => choice(small, false)).toThrow(/flash: it has 9 storage buffers with .*, this device takes 8;/);
});
