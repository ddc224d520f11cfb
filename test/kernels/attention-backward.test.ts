import { describe, expect, test } from "vitest";
import { attentionBackwardCases, derivativeOf } from "../../src/check/cases/attention-backward.ts";
import { scoreExamples } from "../../src/check/cases/mask-examples.ts";
import { normal } from "../../src/check/random.ts";
import { attentionBackward } from "../../src/kernels/attention/backward/attention-backward.ts";
import { contiguous } from "../../src/kernels/layout/contiguous.ts";
import { attention as forward } from "../../src/reference/attention.ts";
import { attentionBackward as reference } from "../../src/reference/attention-backward.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";
import { maskOf, type ScoreDescription, scoreOf } from "../../src/reference/described.ts";
import { weightDropout } from "../../src/reference/dropout.ts";
import { placeholder, type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { transpose } from "../../src/tensor/views.ts";
import { expectGradients } from "../support/central-differences.ts";
import { testGpu } from "../support/gpu.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, attentionBackwardCases);

describe("the float64 definition agrees with differences of the forward", () => {
  const random = (shape: readonly number[], seed: number) =>
    dense(
      shape,
      normal(
        shape.reduce((n, size) => n * size, 1),
        seed,
      ),
    );
  const shape = { b: 2, h: 4, g: 2, t: 3, s: 5, unit: 2 };
  const inputs = {
    q: random([shape.b, shape.h, shape.t, 3], 1),
    k: random([shape.b, shape.g, shape.s, 3], 2),
    v: random([shape.b, shape.g, shape.s, 2], 3),
  };
  const check = (score: ScoreDescription, sink?: Dense, dropout?: ReturnType<typeof weightDropout>) => {
    const start = shape.s - shape.t;
    const options = { mask: maskOf("causal", start), score: scoreOf(score, start), ...(dropout ? { dropout } : {}) };
    const both = (given: typeof inputs & { sink?: Dense }) => {
      const { sink: own, ...tensors } = given;
      return forward(tensors, { ...options, ...(own ? { sink: own } : {}) });
    };
    expectGradients({
      forward: (given: typeof inputs & { sink?: Dense }) => ({ out: both(given).out }),
      backward: ({ sink: own, ...tensors }, { out: dout }) =>
        reference(
          { ...tensors, ...both({ ...tensors, ...(own ? { sink: own } : {}) }), dout },
          { ...options, derivative: derivativeOf(score, start), ...(own ? { sink: own } : {}) },
        ),
      inputs: { ...inputs, ...(sink ? { sink } : {}) },
    });
  };
  test("plain", () => check("none"));
  test("with a sink", () => check("none", random([shape.h], 4)));
  test("with dropout, a sink and a score that moves", () => {
    const key = dense([2], [3, 4]);
    const dropout = weightDropout({ key }, { rate: 0.4, site: 2, heads: shape.h });
    check({ kind: "softcap", cap: 1.5 }, random([shape.h], 4), dropout);
  });
  test.each(Object.entries(scoreExamples(shape)).filter(([name]) => !name.includes("own")))("%s", (_, score) =>
    check(score, random([shape.h], 5)),
  );
});

test("a result and its gradient may be views of different strides", async () => {
  const x = (shape: readonly number[], seed: number) =>
    tensor(
      gpu,
      shape,
      normal(
        shape.reduce((n, size) => n * size, 1),
        seed,
      ),
    );
  const [q, k, v] = [x([2, 3, 4, 8], 1), x([2, 3, 5, 8], 2), x([2, 3, 5, 8], 3)];
  const [inTokens, inHeads] = [x([2, 4, 3, 8], 4), x([2, 3, 4, 8], 5)];
  const out = transpose(inTokens, [0, 2, 1, 3]);
  for (const variant of ["materialised", "rows"] as const) {
    const of = (result: Tensor) =>
      attentionBackward(gpu, { q, k, v, out: result, lse: x([2, 3, 4], 6), dout: inHeads }, { variant });
    const [views, copies] = [of(out), of(contiguous(gpu, { x: out }).y)];
    for (const name of ["dq", "dk", "dv"] as const) {
      expect([...((await views[name]?.read()) ?? [])], name).toEqual([...((await copies[name]?.read()) ?? [1])]);
    }
  }
});

test("8,192 tokens of 4 heads: no buffer holds all pairs of a query and a key", () => {
  const x = (shape: readonly number[]) => placeholder(gpu, shape, "f32", "x");
  const heads = [1, 4, 8192, 64];
  const program = gpu.record(() => {
    const tensors = { q: x(heads), k: x(heads), v: x(heads), out: x(heads), lse: x([1, 4, 8192]), dout: x(heads) };
    return attentionBackward(gpu, tensors);
  });
  expect(program.calls.map(({ variant }) => variant)).toEqual(["flash"]);
  const bytes = program.dispatches.flatMap(({ bindings }) => bindings.map(({ storage }) => storage.bytes));
  expect(Math.max(...bytes)).toBe(2 * 4 * 4 * 8192 * 64); // dk and dv
});

test("a mask and a score with a tensor each leave their kernels within eight buffers", () => {
  const x = (shape: readonly number[], dtype: "f32" | "u32" = "f32") => placeholder(gpu, shape, dtype, "x");
  const heads = [1, 2, 8, 16];
  const program = gpu.record(() => {
    const tensors = { q: x(heads), k: x(heads), v: x(heads), out: x(heads), lse: x([1, 2, 8]), dout: x(heads) };
    const mask = { kind: "document", documents: x([1, 8], "u32") } as const;
    return attentionBackward(gpu, tensors, { mask, score: { kind: "bias", bias: x([1, 2, 8, 8]) }, variant: "rows" });
  });
  const buffers = program.dispatches.map(({ bindings }) => bindings.length);
  expect(Math.max(...buffers)).toBe(8);
});

describe("what is not needed is not computed", () => {
  const x = (shape: readonly number[]) =>
    tensor(
      gpu,
      shape,
      normal(
        shape.reduce((n, size) => n * size, 1),
        6,
      ),
    );
  const tensors = {
    ...{ q: x([1, 2, 3, 4]), k: x([1, 2, 5, 4]), v: x([1, 2, 5, 4]) },
    ...{ out: x([1, 2, 3, 4]), lse: x([1, 2, 3]), dout: x([1, 2, 3, 4]) },
  };
  test.each([
    ["q", 5],
    ["k", 6],
    ["v", 4],
  ] as const)("only %s", (name, dispatches) => {
    const needs = { q: false, k: false, v: false, [name]: true };
    const program = gpu.record(() => attentionBackward(gpu, tensors, { needs }));
    expect(Object.entries(program.result).flatMap(([key, one]) => (one ? [key] : []))).toEqual([`d${name}`]);
    expect(program.dispatches.length).toBe(dispatches);
  });

  test("refuses what does not fit, and scores without a derivative", () => {
    const at =
      (given: object, options: object = {}) =>
      () =>
        attentionBackward(gpu, { ...tensors, ...given }, options);
    expect(at({ dout: x([1, 2, 3, 5]) })).toThrow("attentionBackward: dout is [1, 2, 3, 5], expected [1, 2, 3, 4]");
    expect(at({ lse: x([1, 2, 4]) })).toThrow("attentionBackward: lse is [1, 2, 4], expected [1, 2, 3]");
    const custom = {
      kind: "custom",
      wgsl: "fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return 2.0 * score; }",
    };
    expect(at({}, { score: custom })).toThrow("a score of your own has no derivative");
    expect(at({ k: tensor(gpu, [1, 2, 5, 4], normal(40, 1), "f16") })).toThrow("k is f16, v is f32");
  });
});
