import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WeightSource } from "../../src/models/decoders/family.ts";
import { Loader } from "../../src/models/weights/loader.ts";
import { segmentRows } from "../../src/tensor/segments.ts";
import { quickGpu } from "../support/devices/gpu.ts";
import { openTensors } from "./mixtral-checkpoint.ts";

const gpu = await quickGpu({ cap: { binding: 4096 } });

/** Sixty elements that tell where they are. */
const numbered = { shape: [2, 6, 5], dtype: "f32" as const, elements: Float32Array.from({ length: 60 }, (_, i) => i) };
const rows = (...numbers: number[]) => numbers.flatMap((row) => [0, 1, 2, 3, 4].map((column) => row * 5 + column));

async function matrix(parts: readonly (readonly (readonly [number, number] | undefined)[])[]) {
  const source = (taken?: readonly [number, number]): WeightSource => {
    return { name: "fused", shape: numbered.shape, ...(taken ? { rows: taken } : {}) };
  };
  const loader = new Loader(gpu, await openTensors({ fused: numbered }), {});
  const stacked = { label: "stacked", parts: parts.map((part) => part.map(source)) };
  try {
    const tensor = await loader.matrix(stacked);
    await loader.finish();
    expect(loader.bytes).toBe(tensor.bytes);
    return { shape: tensor.shape, values: [...(await tensor.read())] };
  } finally {
    loader.dispose();
  }
}

describe("a stack", () => {
  test("of a tensor whole, that has experts as an axis", async () => {
    expect(await matrix([[undefined]])).toEqual({ shape: [12, 5], values: [...numbered.elements] });
  });

  test("of rows that a tensor holds one below the other, in turn", async () => {
    const parts = [
      [
        [0, 3],
        [3, 6],
      ],
      [
        [6, 9],
        [9, 12],
      ],
    ] as const;
    expect(await matrix(parts)).toEqual({ shape: [12, 5], values: rows(0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11) });
  });

  test("of parts of different heights, and of three in turn", async () => {
    const parts = [
      [[4, 5]],
      [
        [1, 3],
        [10, 12],
        [0, 2],
      ],
      [[7, 8]],
    ] as const;
    expect(await matrix(parts)).toEqual({ shape: [8, 5], values: rows(4, 1, 10, 0, 2, 11, 1, 7) });
  });

  test("of rows that do not alternate is a mistake", async () => {
    await expect(
      matrix([
        [
          [0, 3],
          [3, 5],
        ],
      ]),
    ).rejects.toThrow("stacked: rows of different widths cannot be stacked");
  });
});

test("bytes of a tensor are read where they are, and nowhere else", async () => {
  const weights = await openTensors({ before: numbered, fused: numbered });
  const fused = weights.get("fused");
  const bytes = await weights.read(fused, 12, 20);
  expect(bytes.byteOffset % 8).toBe(0);
  expect([...new Float32Array(bytes.buffer, bytes.byteOffset, 2)]).toEqual([3, 4]);
  for (const [begin, end] of [
    [-4, 4],
    [236, 244],
    [8, 4],
    [Number.NaN, 4],
  ] as const) {
    const message = `fused: bytes ${begin} to ${end} were asked for, but it has 240`;
    await expect(weights.read(fused, begin, end)).rejects.toThrow(new RangeError(message));
  }
});

describe("segments of rows that belong together", () => {
  const cutsOf = (count: number, columns: number, multiple: number) =>
    segmentRows(gpu, [count, columns], "f32", "x", multiple);

  test("cover the rows once, each within one binding, cut at multiples of them", () => {
    const many = fc.integer({ min: 0, max: 900 });
    fc.assert(
      fc.property(
        many,
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 3 }),
        (groups, columns, multiple) => {
          let next = 0;
          for (const { begin, end } of cutsOf(groups * multiple, columns, multiple)) {
            const fits = (end - begin) * columns * 4 <= 4096 && begin % multiple === 0 && end % multiple === 0;
            const aligned = columns > 16 / (multiple === 3 ? 3 : 1) || begin % 64 === 0;
            if (begin !== next || !fits || !aligned) throw new Error(`rows ${begin} to ${end} of ${groups * multiple}`);
            next = end;
          }
          expect(next).toBe(groups * multiple);
        },
      ),
    );
  });

  test("that do not fit are an error", () => {
    expect(cutsOf(4, 512, 2)).toEqual([
      { begin: 0, end: 2 },
      { begin: 2, end: 4 },
    ]);
    expect(() => cutsOf(4, 513, 2)).toThrow("x: 2 rows of [4, 513] take 4104 bytes, more than 4096 here");
    expect(() => cutsOf(4, 1025, 1)).toThrow("x: one row of [4, 1025] takes 4100 bytes, more than 4096 here");
  });
});

describe("conversion to a smaller type", () => {
  const load = async (
    elements: readonly number[],
    dtype: "f16" | "bf16" | "mxfp4" | "q4_0",
    change: Partial<WeightSource> = {},
  ) => {
    const shape = [4, elements.length / 4];
    const given = { shape, dtype: "f32" as const, elements: Float32Array.from(elements) };
    const warnings: string[] = [];
    const onWarning = (line: string) => warnings.push(line);
    const loader = new Loader(gpu, await openTensors({ weight: given }), { dtype, onWarning });
    try {
      const tensor = loader.matrix({ name: "weight", shape, ...change });
      await loader.finish();
      return { values: [...(await tensor.read())], warnings };
    } finally {
      loader.dispose();
    }
  };
  const zeros = (count: number, changes: Readonly<Record<number, number>>) =>
    Array.from({ length: count }, (_, i) => changes[i] ?? 0);

  test.each([
    ["f16", 1e6],
    ["f16", 65520],
    ["bf16", 3.4e38],
  ] as const)("%s: a weight of %f is refused, with tensor and element", async (dtype, value) => {
    const is = `model.safetensors: weight is ${Math.fround(-value)} at element 7, which is infinite as ${dtype}`;
    await expect(load(zeros(12, { 7: -value }), dtype)).rejects.toThrow(is);
    await expect(load(zeros(12, { 7: -value }), dtype, { transposed: true })).rejects.toThrow(is);
    await expect(load(zeros(12, { 7: -value }), dtype, { rows: [1, 3] })).rejects.toThrow(is);
  });

  test("blocks whose scale would be infinite are refused, with the first of them", async () => {
    const is = "model.safetensors: weight is -1000000 at element 39, which is not finite as q4_0";
    await expect(load(zeros(128, { 39: -1e6 }), "q4_0")).rejects.toThrow(is);
    const { values } = await load(zeros(128, { 39: -5e5, 40: 1000 }), "q4_0");
    expect(values.slice(39, 41)).toEqual([-499_968, 0]); // -8 times 62,496, the f16 nearest to 62,500
  });

  test("what becomes 0 is counted, and the largest number that fits stays", async () => {
    const { values, warnings } = await load(zeros(12, { 1: 65519, 2: 2e-8, 5: -1e-8, 6: 6e-8, 7: -0 }), "f16");
    expect(values.slice(0, 8)).toEqual([0, 65504, 0, 0, 0, -0, 2 ** -24, -0]);
    const largest = Math.fround(2e-8);
    expect(warnings).toEqual([`model.safetensors: weight: as f16, 2 of 12 elements become 0, the largest ${largest}`]);
    expect((await load(zeros(12, { 1: 2e-8, 2: 3.38e38 }), "bf16")).warnings).toEqual([]);
  });
});
