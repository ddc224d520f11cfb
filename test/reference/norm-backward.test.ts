import { describe, expect, it } from "vitest";
import { normal } from "../../src/check/random.ts";
import { dense } from "../../src/reference/dense.ts";
import {
  addLayerNorm,
  addRmsNorm,
  layerNorm,
  layerNormBackward,
  rmsNorm,
  rmsNormBackward,
} from "../../src/reference/norm.ts";
import { expectGradients } from "../support/numbers/central-differences.ts";

const x = dense([2, 3, 5], normal(30, 1, 2, 0.5));
const weight = dense([5], normal(5, 2));
const bias = dense([5], normal(5, 3));
const residual = dense([2, 3, 5], normal(30, 4));
const eps = 0.1;

describe("gradients of norms are those of central differences", () => {
  it("rms", () =>
    expectGradients({
      forward: (inputs) => rmsNorm(inputs, { eps }),
      backward: (inputs, { y }) => rmsNormBackward({ ...inputs, dy: y }, { eps }),
      inputs: { x, weight },
    }));

  it("layer", () =>
    expectGradients({
      forward: (inputs) => layerNorm(inputs, { eps }),
      backward: ({ x, weight }, { y }) => layerNormBackward({ x, weight, dy: y }, { eps }),
      inputs: { x, weight, bias },
    }));

  it("one row, one column, and eps of 0", () => {
    for (const shape of [[1, 7], [7, 1], [1], [4, 2]]) {
      const [rows, cols] = [shape.length > 1 ? (shape[0] ?? 1) : 1, shape.at(-1) ?? 1];
      const own = { x: dense(shape, normal(rows * cols, 5)), weight: dense([cols], normal(cols, 6)) };
      const given = { eps: cols > 2 ? 0 : eps };
      expectGradients({
        forward: (inputs) => rmsNorm(inputs, given),
        backward: (inputs, { y }) => rmsNormBackward({ ...inputs, dy: y }, given),
        inputs: own,
      });
      expectGradients({
        forward: (inputs) => layerNorm(inputs, given),
        backward: ({ x, weight }, { y }) => layerNormBackward({ x, weight, dy: y }, given),
        inputs: { ...own, bias: dense([cols]) },
      });
    }
  });

  it("with a residual: the gradient of the sum is added, and both operands have the same", () => {
    expectGradients({
      forward: (inputs) => addRmsNorm(inputs, { eps }),
      backward: (inputs, { sum, y }) => {
        const added = addRmsNorm(inputs, { eps }).sum;
        const { dx, dweight } = rmsNormBackward({ x: added, weight: inputs.weight, dy: y, dsum: sum }, { eps });
        return { dx, dresidual: dx, dweight };
      },
      inputs: { x, residual, weight },
    });
    expectGradients({
      forward: (inputs) => addLayerNorm(inputs, { eps }),
      backward: (inputs, { sum, y }) => {
        const added = addLayerNorm(inputs, { eps }).sum;
        const all = layerNormBackward({ x: added, weight: inputs.weight, dy: y, dsum: sum }, { eps });
        return { ...all, dresidual: all.dx };
      },
      inputs: { x, residual, weight, bias },
    });
  });

  it("a weight of 0 keeps its gradient", () => {
    const none = dense([5], [0, 0, 0, 0, 0]);
    const { dx, dweight } = rmsNormBackward({ x, weight: none, dy: residual }, { eps });
    expect([...dx.values].filter((value) => value !== 0)).toEqual([]);
    expect(dweight).toEqual(rmsNormBackward({ x, weight, dy: residual }, { eps }).dweight);
  });
});
