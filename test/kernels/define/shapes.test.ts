import { describe, expect, test } from "vitest";
import { foldGrid } from "../../../src/kernels/define/grid.ts";
import { type AxesOf, AxisSizes, parsePattern } from "../../../src/kernels/define/shapes.ts";
import { type Shape, ShapeError } from "../../../src/tensor/shape.ts";

/** Compiles only when both are the same type. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
const sameTypes: [
  Same<AxesOf<"[b, h, t, d]">, "b" | "h" | "t" | "d">,
  Same<AxesOf<"[...rows, cols]">, "rows" | "cols">,
  Same<AxesOf<"[t, 2]">, "t">,
  Same<AxesOf<"[]">, never>,
  Same<AxesOf<"[64, 4]">, never>,
] = [true, true, true, true, true];

describe("patterns", () => {
  test("name axes, sizes, and all leading axes together", () => {
    expect(sameTypes).not.toContain(false);
    expect(parsePattern("[b, h, 2]")).toEqual([
      { kind: "name", name: "b" },
      { kind: "name", name: "h" },
      { kind: "size", size: 2 },
    ]);
    expect(parsePattern("[...rows, cols]")[0]).toEqual({ kind: "leading", name: "rows" });
    expect(parsePattern("[]")).toEqual([]);
  });

  test.each([
    ["rows, cols", "rows, cols is not an axis pattern such as [rows, cols]"],
    ["[cols, ...rows]", "[cols, ...rows]: only the first axis may stand for several"],
  ])("%s is none", (pattern, message) => {
    expect(() => parsePattern(pattern)).toThrow(new ShapeError(message));
  });
});

describe("sizes", () => {
  const match = (...tensors: [string, string, Shape][]) => {
    const sizes = new AxisSizes("attention/naive");
    for (const [argument, pattern, shape] of tensors) sizes.match(argument, pattern, shape);
    return sizes;
  };

  test("are taken from the tensors and give the shapes of results", () => {
    const sizes = match(["q", "[b, h, t, d]", [1, 8, 5, 64]], ["k", "[b, g, s, d]", [1, 4, 7, 64]]);
    expect(Object.fromEntries(sizes.sizes)).toEqual({ b: 1, h: 8, t: 5, d: 64, g: 4, s: 7 });
    expect(sizes.resolve("out", "[b, t, h, 2, d]")).toEqual([1, 5, 8, 2, 64]);
  });

  test("of leading axes are multiplied, and come back as they were", () => {
    const sizes = match(["x", "[...rows, cols]", [2, 3, 4, 5]]);
    expect(sizes.sizes.get("rows")).toBe(24);
    expect(sizes.resolve("y", "[...rows, cols]")).toEqual([2, 3, 4, 5]);
    expect(sizes.resolve("sum", "[...rows]")).toEqual([2, 3, 4]);
    expect(sizes.resolve("flat", "[rows, cols]")).toEqual([24, 5]);
    expect(match(["x", "[...rows, cols]", [5]]).sizes.get("rows")).toBe(1);
  });

  test("that no tensor shows are given", () => {
    const sizes = match(["x", "[n]", [3]]);
    sizes.define("splits", 4);
    sizes.define("kept", [2, 1]);
    expect(sizes.resolve("y", "[...kept, splits, n]")).toEqual([2, 1, 4, 3]);
    expect(() => sizes.resolve("y", "[m]")).toThrow(
      new ShapeError("attention/naive: y is [m], but nothing defines the length of m"),
    );
    expect(() => sizes.define("n", 4)).toThrow("attention/naive: options is [4], expected [n] with n = 3 (from x)");
  });

  // The form that DESIGN gives: the kernel, the argument, what it is, what was expected, where that came from.
  test.each([
    [
      [
        ["q", "[b, h, t, d]", [1, 8, 5, 64]],
        ["k", "[b, g, s, d]", [1, 4, 7, 128]],
      ],
      "attention/naive: k is [1, 4, 7, 128], expected [b, g, s, d] with d = 64 (from q)",
    ],
    [
      [["q", "[b, h, t, d]", [8, 5, 64]]],
      "attention/naive: q is [8, 5, 64], expected [b, h, t, d] with 4 axes, it has 3",
    ],
    [
      [["x", "[...rows, a, b]", [5]]],
      "attention/naive: x is [5], expected [...rows, a, b] with at least 2 axes, it has 1",
    ],
    [[["step", "[64, 4]", [64, 5]]], "attention/naive: step is [64, 5], expected [64, 4] with 4 at axis 1"],
    [[["x", "[n, n]", [3, 4]]], "attention/naive: x is [3, 4], expected [n, n] with n = 3 (from x)"],
    [
      [
        ["x", "[...rows, cols]", [2, 3, 4]],
        ["sum", "[...rows]", [2, 4]],
      ],
      "attention/naive: sum is [2, 4], expected [...rows] with rows = 6 (from x)",
    ],
  ] satisfies [[string, string, Shape][], string][])("%j do not fit", (tensors, message) => {
    expect(() => match(...tensors)).toThrow(new ShapeError(message));
  });
});

describe("grids", () => {
  test("of one dimension fold into y with room for all, and little more", () => {
    for (const size of [1, 65_535, 65_536, 65_537, 131_071, 1_000_003, 65_535 ** 2]) {
      const [x, y, z] = foldGrid("k", [size], 65_535);
      expect(Math.max(x, y)).toBeLessThanOrEqual(65_535);
      expect(z).toBe(1);
      expect(x * y).toBeGreaterThanOrEqual(size);
      expect(x * y - size).toBeLessThan(Math.max(1, y));
    }
  });

  test("of more dimensions stay as they are", () => {
    expect(foldGrid("k", [3, 4], 10)).toEqual([3, 4, 1]);
    expect(foldGrid("k", [3, 4, 5], 10)).toEqual([3, 4, 5]);
  });

  test.each([
    [[11, 1], "k: a grid of [11, 1] workgroups, this device takes 10 in each dimension"],
    [[1, 1, 11], "k: a grid of [1, 1, 11] workgroups, this device takes 10 in each dimension"],
    [[101], "k: a grid of [101] workgroups, this device takes 10 in each dimension"],
    [[1.5], "k: a grid of [1.5] workgroups, expected one to three positive integers"],
    [[1, -1], "k: a grid of [1, -1] workgroups, expected one to three positive integers"],
    [[0], "k: a grid of [0] workgroups, expected one to three positive integers"],
    [[Number.NaN], "k: a grid of [NaN] workgroups, expected one to three positive integers"],
    [[], "k: a grid of [] workgroups, expected one to three positive integers"],
    [[1, 1, 1, 1], "k: a grid of [1, 1, 1, 1] workgroups, expected one to three positive integers"],
    ["2" as never, 'k: a grid of "2" workgroups, expected one to three positive integers'],
  ])("%j is too large or no grid", (grid, message) => {
    expect(() => foldGrid("k", grid, 10)).toThrow(new ShapeError(message));
  });
});
