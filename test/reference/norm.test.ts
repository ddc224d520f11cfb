import { describe, expect, it } from "vitest";
import { dense } from "../../src/reference/dense.ts";
import { addLayerNorm, addRmsNorm, layerNorm, rmsNorm } from "../../src/reference/norm.ts";
import { softmax } from "../../src/reference/softmax.ts";
import { draw, expectClose, generator } from "./compare.ts";
import torch from "./torch.json" with { type: "json" };

const next = generator(torch.ops.seed);
const x = draw(next, [3, 7], 8);
const weight = draw(next, [7], 1, 1);
const bias = draw(next, [7]);

describe("norms", () => {
  it("equal PyTorch's in float64", () => {
    expectClose(rmsNorm({ x, weight }, { eps: 1e-5 }).y, torch.ops.rmsNorm);
    expectClose(layerNorm({ x, weight, bias }, { eps: 1e-5 }).y, torch.ops.layerNorm);
  });

  it("rms: a worked row, and any number of leading axes", () => {
    const row = dense([1, 1, 2], [3, 4]); // mean square 12.5
    expectClose(rmsNorm({ x: row, weight: dense([2], [1, 2]) }, { eps: 3.5 }).y, [0.75, 2]);
  });

  it("layer: a worked row, with and without bias", () => {
    const row = dense([2], [1, 5]); // mean 3, variance 4
    const inputs = { x: row, weight: dense([2], [1, 10]) };
    expectClose(layerNorm(inputs, { eps: 0 }).y, [-1, 10]);
    expectClose(layerNorm({ ...inputs, bias: dense([2], [5, 6]) }, { eps: 12 }).y, [5 - 0.5, 6 + 5]);
  });

  it("layer: keeps its digits where the mean is far above the spread", () => {
    const row = dense([4], [1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3]);
    const scale = Math.sqrt(1.25);
    const ones = dense([4], [1, 1, 1, 1]);
    expectClose(
      layerNorm({ x: row, weight: ones }, { eps: 0 }).y,
      [-1.5, -0.5, 0.5, 1.5].map((d) => d / scale),
    );
  });

  it("with the residual: the sum, and the norm of the sum", () => {
    const residual = draw(next, [3, 7], 2);
    const sum = dense(
      x.shape,
      x.values.map((value, i) => value + (residual.values[i] ?? 0)),
    );
    const rms = addRmsNorm({ x, residual, weight }, { eps: 1e-5 });
    expect(rms.sum).toEqual(sum);
    expect(rms.y).toEqual(rmsNorm({ x: sum, weight }, { eps: 1e-5 }).y);
    const layer = addLayerNorm({ x, residual, weight, bias }, { eps: 1e-5 });
    expect(layer.sum).toEqual(sum);
    expect(layer.y).toEqual(layerNorm({ x: sum, weight, bias }, { eps: 1e-5 }).y);
    expect(() => addRmsNorm({ x, residual: dense([7]), weight }, { eps: 0 })).toThrow("residual is [7]");
  });
});

describe("softmax", () => {
  it("equals PyTorch's in float64", () => expectClose(softmax({ x }).y, torch.ops.softmax));

  it("a worked row, shifted as far as numbers go", () => {
    for (const shift of [0, 1e4, -1e4, 1e15]) {
      const row = dense(
        [3],
        [Math.log(1), Math.log(2), Math.log(5)].map((value) => value + shift),
      );
      expectClose(softmax({ x: row }).y, [1 / 8, 2 / 8, 5 / 8], shift === 1e15 ? 0.1 : 1e-11);
    }
  });

  it("masked elements give zero, rows of them zeros", () => {
    const minus = Number.NEGATIVE_INFINITY;
    const { y } = softmax({ x: dense([2, 3], [0, minus, 0, minus, minus, minus]) });
    expect([...y.values]).toEqual([0.5, 0, 0.5, 0, 0, 0]);
  });

  it("NaN and +infinity take their whole row, and no other", () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const { y } = softmax({ x: dense([2, 2], [bad, Number.NEGATIVE_INFINITY, 3, 3]) });
      expect([...y.values]).toEqual([Number.NaN, Number.NaN, 0.5, 0.5]);
    }
  });
});
