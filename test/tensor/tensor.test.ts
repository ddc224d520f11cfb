import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomSource } from "../../src/check/random.ts";
import { OptionError } from "../../src/options/errors.ts";
import {
  bytesPerElement,
  type Elements,
  elementsOf,
  floatTypes,
  type PlainType,
  plainTypes,
} from "../../src/tensor/dtype.ts";
import { segmentRows } from "../../src/tensor/segments.ts";
import { type Shape, ShapeError, sizeOf } from "../../src/tensor/shape.ts";
import { empty, Tensor, tensor, upload, zeros } from "../../src/tensor/tensor.ts";
import { reshape, slice, transpose } from "../../src/tensor/views.ts";
import { testGpu } from "../support/devices/gpu.ts";

const gpu = await testGpu();
const count = (n: number) => Float64Array.from({ length: n }, (_, i) => i);

/** Elements with all bits random, NaN included. */
function noise(dtype: PlainType, length: number) {
  const { integer } = randomSource(length);
  const bytes = Uint8Array.from({ length: length * bytesPerElement[dtype] }, () => integer(256));
  return elementsOf(dtype, bytes.buffer);
}

const sameBytes = (a: Elements, b: Elements) => Buffer.compare(Buffer.from(a.buffer), Buffer.from(b.buffer)) === 0;

describe("round trips", () => {
  test.each(plainTypes)("%s, bit by bit, for every length up to 17 and more", async (dtype) => {
    for (const length of [...Array(18).keys(), 255, 1023, 300_001]) {
      const elements = noise(dtype, length);
      const x = upload(gpu, [length], dtype, elements);
      expect(x.bytes).toBe(length * bytesPerElement[dtype]);
      const back = await x.readStored();
      expect(sameBytes(back, elements)).toBe(true);
      x.dispose();
    }
  });

  test("numbers, rounded as the type says", async () => {
    expect([...(await tensor(gpu, [3], [0.1, 65_519, 2049], "f16").read())]).toEqual([0.0999755859375, 65_504, 2048]);
    expect([...(await tensor(gpu, [2], [0.1, -3], "bf16").read())]).toEqual([0.10009765625, -3]);
    expect([...(await tensor(gpu, [2], [-1, 7], "i32").read())]).toEqual([-1, 7]);
  });

  test("a scalar, and nothing at all", async () => {
    expect([...(await tensor(gpu, [], [5]).read())]).toEqual([5]);
    expect([...(await tensor(gpu, [0, 3], []).read())]).toEqual([]);
    expect([...(await zeros(gpu, [2, 2], "f16").read())]).toEqual([0, 0, 0, 0]);
  });

  test("results start as NaN here, since they were not written", async () => {
    expect((await empty(gpu, [100]).read()).every(Number.isNaN)).toBe(true);
  });
});

describe("what does not fit is refused", () => {
  test.each([
    [() => upload(gpu, [2, 2], "f32", new Float32Array(3)), "tensor: 3 elements for shape [2, 2]"],
    [() => upload(gpu, [1], "f16", new Float32Array(1)), "tensor: Float32Array for f16, expected Uint16Array"],
    [() => upload(gpu, [1], "i32", new Uint32Array(1)), "tensor: Uint32Array for i32, expected Int32Array"],
    [() => tensor(gpu, [-1], []), "tensor: shape [-1] has axis -1, expected integers of 0 or more"],
    [
      () => tensor(gpu, new Array(1000).fill(0.5), [2]),
      `tensor: shape [${new Array(16).fill(0.5).join(", ")}, …] has axis 0.5, expected integers of 0 or more`,
    ],
    [() => empty(gpu, [1.5]), "tensor: shape [1.5] has axis 1.5, expected integers of 0 or more"],
  ])("%#", (make, message) => {
    expect(make).toThrow(new ShapeError(message));
  });

  const [most32, maxBf16] = [(2 - 2 ** -23) * 2 ** 127, (2 - 2 ** -7) * 2 ** 127];
  const [u32, i32] = ["an integer from 0 to 4294967295 (u32)", "an integer from -2147483648 to 2147483647 (i32)"];
  // The values, the first that is wrong, what was expected, and all of them saturated.
  test.each<[PlainType, number[], number, string, number[]]>([
    ["u32", [0, -1, Number.NaN, 2 ** 32, 2 ** 32 - 1, 1.5], 1, u32, [0, 0, 0, 2 ** 32 - 1, 2 ** 32 - 1, 1]],
    ["u32", [Number.NaN], 0, u32, [0]],
    ["u32", [Number.POSITIVE_INFINITY, 2 ** 32], 0, u32, [2 ** 32 - 1, 2 ** 32 - 1]],
    ["i32", [-(2 ** 31), 2 ** 31, -1.5, -1e10], 1, i32, [-(2 ** 31), 2 ** 31 - 1, -1, -(2 ** 31)]],
    ["f16", [65_519, -65_520, 1e5], 1, "a number from -65504 to 65504 (f16)", [65_504, -65_504, 65_504]],
    ["f32", [most32, 1e39], 1, `a number from -${most32} to ${most32} (f32)`, [most32, most32]],
    ["bf16", [3.39e38, 3.4e38], 1, `a number from -${maxBf16} to ${maxBf16} (bf16)`, [maxBf16, maxBf16]],
  ])("%s of %j", async (dtype, values, at, expected, saturated) => {
    const is = `tensor: element ${at} is ${values[at]}, expected `;
    const says = `${is}${expected}; { saturate: true } saturates`;
    expect(() => tensor(gpu, [values.length], values, dtype)).toThrow(new OptionError(says));
    expect([...(await tensor(gpu, [values.length], values, dtype, { saturate: true }).read())]).toEqual(saturated);
  });

  test("floats have NaN and infinities, and typed arrays are converted as JavaScript does", async () => {
    const unusual = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0];
    for (const dtype of floatTypes) {
      for (const options of [{}, { saturate: true }])
        expect([...(await tensor(gpu, [4], unusual, dtype, options).read())]).toEqual(unusual);
    }
    const wide = Float64Array.of(-1, Number.NaN, 2 ** 32);
    expect([...(await tensor(gpu, [3], wide, "u32").read())]).toEqual([2 ** 32 - 1, 0, 0]);
    expect([...(await tensor(gpu, [3], wide, "u32", { saturate: true }).read())]).toEqual([0, 0, 2 ** 32 - 1]);
  });
});

describe("segments", async () => {
  const small = await testGpu({ cap: { binding: 4096 } });

  test("cover the rows once, each within one binding, cut at multiples of 64 where they can be", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 1, max: 1024 }), (rows, cols) => {
        let next = 0;
        for (const { begin, end } of segmentRows(small, [rows, cols], "f32", "x")) {
          const fits = (end - begin) * cols * 4 <= 4096 && (cols > 16 || begin % 64 === 0);
          if (begin !== next || !fits) throw new Error(`rows ${begin} to ${end} of [${rows}, ${cols}]`);
          next = end;
        }
        expect(next).toBe(rows);
      }),
    );
  });

  test.each(plainTypes)("a %s tensor in several is read as one", async (dtype) => {
    for (const shape of [[1000, 7], [33, 5, 13], [5000]]) {
      const elements = noise(dtype, sizeOf(shape));
      const x = upload(small, shape, dtype, elements);
      expect(x.segments.length).toBeGreaterThan(1);
      expect(sameBytes(await x.readStored(), elements)).toBe(true);
      const flat = reshape(x, [shape[0] ?? 0, -1]);
      expect(sameBytes(await flat.readStored(), elements)).toBe(true);
      x.dispose();
      await expect(flat.readStored()).rejects.toThrow("was disposed");
    }
  });

  test("have no one storage, and no views that would cut them", () => {
    const x = tensor(small, [1024, 4], count(4096));
    expect(() => x.storage).toThrow("a tensor [1024, 4] in 4 segments has no one storage");
    const why = "has 4 segments of rows, so that";
    expect(() => slice(x, 0, 0, 10)).toThrow(`slice: [1024, 4] ${why} [10, 4] is not a view of it`);
    expect(() => slice(x, 1, 0, 2)).toThrow(ShapeError);
    expect(() => transpose(x)).toThrow(ShapeError);
    expect(() => reshape(x, [4096])).toThrow(`reshape: [1024, 4] ${why} [4096] is not a view of it`);
    expect(slice(x, 0, 0, 1024).segments).toEqual(x.segments);
  });

  test("a row that does not fit is an error", () => {
    expect(() => segmentRows(small, [3, 1025], "f32", "weight")).toThrow(
      "weight: one row of [3, 1025] takes 4100 bytes, more than 4096 here",
    );
  });
});

/** The elements of a view, by the definition of each view. */
interface Plain {
  readonly shape: Shape;
  readonly at: (index: readonly number[]) => number;
}

function elementsInOrder({ shape, at }: Plain): number[] {
  let indices: number[][] = [[]];
  for (const size of shape) indices = indices.flatMap((head) => Array.from({ length: size }, (_, i) => [...head, i]));
  return indices.map(at);
}

describe("views", () => {
  const x = tensor(gpu, [3, 4, 5], count(60));

  test("transpose, slice and reshape move no element, and reading puts them in order", async () => {
    const action = fc.record({ kind: fc.constantFrom("transpose", "slice"), a: fc.nat(), b: fc.nat(), c: fc.nat() });
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 5 }), async (actions) => {
        let view = x;
        let plain: Plain = { shape: x.shape, at: ([i = 0, j = 0, k = 0]) => i * 20 + j * 5 + k };
        for (const { kind, a, b, c } of actions) {
          const { shape, at } = plain;
          if (kind === "slice") {
            const axis = a % 3;
            const begin = b % ((shape[axis] ?? 0) + 1);
            const end = begin + (c % ((shape[axis] ?? 0) - begin + 1));
            view = slice(view, axis, begin, end);
            plain = {
              shape: shape.map((size, i) => (i === axis ? end - begin : size)),
              at: (index) => at(index.map((n, i) => (i === axis ? n + begin : n))),
            };
          } else {
            const order =
              [
                [0, 2, 1],
                [1, 0, 2],
                [2, 0, 1],
                [2, 1, 0],
              ][a % 4] ?? [];
            view = transpose(view, order);
            plain = {
              shape: order.map((axis) => shape[axis] ?? 0),
              at: (index) => at([0, 1, 2].map((axis) => index[order.indexOf(axis)] ?? 0)),
            };
          }
        }
        expect(view.shape).toEqual(plain.shape);
        expect([...(await view.read())]).toEqual(elementsInOrder(plain));
        if (view.contiguous) expect([...(await reshape(view, [-1, 1]).read())]).toEqual(elementsInOrder(plain));
        else expect(() => reshape(view, [view.size])).toThrow("is not contiguous; call contiguous first");
      }),
      { numRuns: 60 },
    );
  });

  test.each(plainTypes.filter((dtype) => bytesPerElement[dtype] === 2))(
    "of %s, which begin in the middle of a word",
    async (dtype) => {
      const half = tensor(gpu, [5, 7], count(35), dtype);
      expect([...(await slice(half, 0, 1, 2).read())]).toEqual([7, 8, 9, 10, 11, 12, 13]);
      expect([...(await slice(half, 1, 3, 4).read())]).toEqual([3, 10, 17, 24, 31]);
      expect([...(await transpose(slice(slice(half, 0, 3, 5), 1, 5, 7)).read())]).toEqual([26, 33, 27, 34]);
    },
  );

  test("repeated elements, of stride 0", async () => {
    const repeated = new Tensor(gpu, [2, 3], "f32", x.segments, [0, 1], 7);
    expect([...(await repeated.read())]).toEqual([7, 8, 9, 7, 8, 9]);
  });

  test("axes may be counted from the end, and one size left open", () => {
    expect(slice(x, -1, 1, 3).shape).toEqual([3, 4, 2]);
    expect(transpose(x).shape).toEqual([3, 5, 4]);
    expect(transpose(x, [-1, 0, 1]).strides).toEqual([1, 20, 5]);
    expect(reshape(x, [-1, 10]).shape).toEqual([6, 10]);
    expect(reshape(tensor(gpu, [0, 3], []), [0]).shape).toEqual([0]);
  });

  test.each([
    [() => reshape(x, [7, -1]), "reshape: [3, 4, 5] does not fit [7, -1]"],
    [() => reshape(x, [-1, -1]), "reshape: [3, 4, 5] does not fit [-1, -1]"],
    [() => reshape(x, [-6, -10]), "reshape: [3, 4, 5] does not fit [-6, -10]"],
    [() => reshape(x, [61]), "reshape: [3, 4, 5] does not fit [61]"],
    [() => reshape(x, [0, -1]), "reshape: [3, 4, 5] does not fit [0, -1]"],
    [() => transpose(x, [0, 0, 1]), "transpose: [0, 0, 1] is not a permutation of the axes of [3, 4, 5]"],
    [() => transpose(x, [0, 1]), "transpose: [0, 1] is not a permutation of the axes of [3, 4, 5]"],
    [() => transpose(x, [0, 1, 3]), "transpose: axis 3 does not exist in a tensor of 3 axes"],
    [() => slice(x, 0, 1, 4), "slice: 1 to 4 of axis 0, which has 3 elements"],
    [() => slice(x, 0, 2, 1), "slice: 2 to 1 of axis 0, which has 3 elements"],
    [() => slice(x, 3, 0, 1), "slice: axis 3 does not exist in a tensor of 3 axes"],
  ])("%#: what is no view", (make, message) => {
    expect(make).toThrow(new ShapeError(message));
  });

  test("share their memory: disposing one disposes all", async () => {
    const whole = tensor(gpu, [2, 2], count(4));
    const part = slice(whole, 0, 1, 2);
    part.dispose();
    await expect(whole.read()).rejects.toThrow("was disposed");
  });
});
