import { describe, expect, it } from "vitest";
import { at, axes, dense, reshape, splitAt } from "../../src/reference/dense.ts";
import { gather } from "../../src/reference/embedding.ts";
import { matmul } from "../../src/reference/matmul.ts";

describe("axes", () => {
  const tensor = (...shape: number[]) => dense(shape);

  it("reads lengths by letter, leading axes as their product", () => {
    const lengths = axes("op", { x: tensor(2, 3, 5), w: tensor(7, 5) }, { x: "...rows k", w: "n k" });
    expect(lengths).toEqual({ rows: 6, k: 5, n: 7 });
    expect(axes("op", { x: tensor(5) }, { x: "...rows k" })).toEqual({ rows: 1, k: 5 });
  });

  it("names the tensor, its shape, what was expected and from where", () => {
    const tensors = { q: tensor(1, 4, 7, 64), k: tensor(1, 4, 7, 128) };
    expect(() => axes("attention", tensors, { q: "b h t d", k: "b g s d" })).toThrow(
      "attention: k is [1, 4, 7, 128], expected [b, g, s, d] with d = 64 (from q)",
    );
    expect(() => axes("op", { x: tensor(3) }, { x: "a b" })).toThrow("op: x is [3], expected [a, b]");
    expect(() => axes("op", { x: tensor() }, { x: "...rows k" })).toThrow("op: x is [], expected [...rows, k]");
  });

  it("does not guess", () => {
    expect(() => dense([2, 3], [1])).toThrow("dense: 1 values, expected 6 for shape [2, 3]");
    expect(() => reshape(tensor(2, 3), [4])).toThrow("[2, 3]");
    expect(() => at(Float64Array.of(1), 1)).toThrow("element 1 of 1");
    expect(splitAt([2, 3, 4, 5], -2)).toEqual([6, 4, 5]);
    expect(() => splitAt([2, 3], 2)).toThrow("axis 2 of shape [2, 3]");
  });
});

describe("gather", () => {
  const table = dense([3, 2], [1, 2, 3, 4, 5, 6]);

  it("takes rows in the order of the ids", () => {
    const { y } = gather({ ids: dense([4], [2, 0, 2, 1]), table });
    expect(y.shape).toEqual([4, 2]);
    expect([...y.values]).toEqual([5, 6, 1, 2, 5, 6, 3, 4]);
  });

  it("refuses what is no row", () => {
    for (const id of [3, -1, 0.5, Number.NaN]) {
      expect(() => gather({ ids: dense([2], [0, id]), table })).toThrow(`ids[1] is ${id}, expected 0 to 2`);
    }
  });
});

describe("matmul", () => {
  const weight = dense([2, 3], [1, 2, 3, 4, 5, 6]);

  it("multiplies by rows of the weight and adds the bias", () => {
    const x = dense([2, 1, 3], [1, 0, -1, 2, 2, 2]);
    const { y } = matmul({ x, weight, bias: dense([2], [10, 20]) });
    expect(y.shape).toEqual([2, 1, 2]);
    expect([...y.values]).toEqual([1 - 3 + 10, 4 - 6 + 20, 12 + 10, 30 + 20]);
    expect([...matmul({ x, weight }).y.values]).toEqual([-2, -2, 12, 30]);
  });

  it("names a weight that does not fit", () => {
    expect(() => matmul({ x: dense([2, 4]), weight })).toThrow(
      "matmul: weight is [2, 3], expected [n, k] with k = 4 (from x)",
    );
    expect(() => matmul({ x: dense([3]), weight, bias: dense([3]) })).toThrow("bias is [3], expected [n] with n = 2");
  });
});
