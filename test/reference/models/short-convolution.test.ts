import { expect, test } from "vitest";
import { normal } from "../../../src/check/random.ts";
import { type Dense, dense, sizeOf } from "../../../src/reference/dense.ts";
import { shortConvolution, shortConvolutionBackward } from "../../../src/reference/models/short-convolution.ts";
import { expectGradients } from "../../support/numbers/central-differences.ts";

const drawn = (shape: readonly number[], seed: number): Dense => dense(shape, normal(sizeOf(shape), seed));

test.each([
  ["silu", 6],
  ["none", 6],
  ["silu", 2],
  ["silu", 0],
] as const)("the gradients with %s, of %i tokens, are those of central differences", (activation, t) => {
  const [b, channels, width] = [2, 2, 4];
  const inputs = {
    x: drawn([b, t, channels], 1),
    weight: drawn([channels, width], 2),
    bias: drawn([channels], 3),
    state: drawn([b, width - 1, channels], 4),
  };
  const ids = Array.from({ length: b * t }, (_, i) => Math.floor(i / 4));
  for (const documents of [undefined, dense([b, t], ids)]) {
    expectGradients({
      forward: (given) => shortConvolution({ ...given, documents }, { activation }),
      backward: (given, { y, state }) =>
        shortConvolutionBackward({ ...given, documents, dy: y, dstate: state }, { activation }),
      inputs,
    });
  }
});

test("the last weight meets the token itself, the first the oldest input, which the state may have", () => {
  const x = dense([1, 3, 1], [1, 10, 100]);
  const weight = dense([1, 3], [2, 3, 5]);
  const state = dense([1, 2, 1], [7, 11]);
  const found = shortConvolution({ x, weight, state });
  expect([...found.y.values]).toEqual([14 + 33 + 5, 22 + 3 + 50, 2 + 30 + 500]);
  expect([...found.state.values]).toEqual([10, 100]);
  expect([...shortConvolution({ x, weight }).y.values]).toEqual([5, 53, 532]);
  // One token keeps an input of the state; a document of another token's keeps none, and sees none.
  const [first, documents] = [dense([1, 1, 1], [1]), dense([1, 3], [4, 4, 9])];
  expect([...shortConvolution({ x: first, weight, state }).state.values]).toEqual([11, 1]);
  const several = shortConvolution({ x, weight, state, documents });
  expect([...several.y.values]).toEqual([52, 75, 500]);
  expect([...several.state.values]).toEqual([0, 100]);
});

test("shapes that do not fit are refused", () => {
  const given = { x: drawn([2, 3, 4], 1), weight: drawn([4, 3], 2) };
  expect(() => shortConvolution({ ...given, weight: drawn([5, 3], 2) })).toThrow("with channels = 4 (from x)");
  expect(() => shortConvolution({ ...given, weight: dense([4, 0]) })).toThrow("expected a width of at least 1");
  expect(() => shortConvolution({ ...given, state: dense([2, 3, 4]) })).toThrow("shortConvolution: state is [2, 3, 4]");
  expect(() => shortConvolution({ ...given, documents: dense([2, 4]) })).toThrow("documents is [2, 4]");
  expect(() => shortConvolutionBackward({ ...given, dy: dense([2, 3, 5]) })).toThrow("dy is [2, 3, 5]");
});
