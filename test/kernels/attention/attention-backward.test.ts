import { describe, expect, test } from "vitest";
import type { Case } from "../../../src/check/case-table.ts";
import { attentionBackwardCases } from "../../../src/check/cases/attention/backward.ts";
import { scoreExamples } from "../../../src/check/cases/attention/mask-examples.ts";
import { checkCase } from "../../../src/check/check-case.ts";
import { normal } from "../../../src/check/random.ts";
import { derivativeOf, scoreTensorsOf } from "../../../src/check/score-derivatives.ts";
import { attentionBackward } from "../../../src/kernels/attention/backward/attention-backward.ts";
import { setThreadRows } from "../../../src/kernels/attention/backward/flash-tiles.ts";
import type { AttentionScore } from "../../../src/kernels/attention/options.ts";
import { contiguous } from "../../../src/kernels/layout/contiguous.ts";
import { attention as forward, attentionBackward as reference } from "../../../src/reference/attention/attention.ts";
import { type Dense, dense, sizeOf } from "../../../src/reference/dense.ts";
import { maskOf, type ScoreDescription, scoreOf } from "../../../src/reference/described.ts";
import { weightDropout } from "../../../src/reference/dropout.ts";
import { placeholder, type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { transpose } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { expectGradients } from "../../support/numbers/central-differences.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
// Masks and scores are those of the tables of attention itself.
testCases(() => gpu, attentionBackwardCases, { seldom: ["rows", "flash"], kindsElsewhere: true });

const withOwnRows = await testGpu({}, undefined, (own) => setThreadRows(own));
test("as many rows a thread as are usual on this adapter", async () => {
  const many = attentionBackwardCases.cases.find(({ name }) => name === "many tiles") as Case;
  await checkCase(withOwnRows, attentionBackwardCases, "flash", many);
});

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
  /** A score with this tensor in place of the one at a path. */
  const replaced = (score: ScoreDescription, [name = "", ...rest]: readonly string[], to: Dense): ScoreDescription => {
    const parts = score as object as Readonly<Record<string, ScoreDescription>>;
    const changed = { ...parts, [name]: rest.length > 0 ? replaced(parts[name] ?? "none", rest, to) : to };
    return (Array.isArray(score) ? Object.values(changed) : changed) as ScoreDescription;
  };
  type Given = typeof inputs & { sink?: Dense; tensor0?: Dense; tensor1?: Dense };
  const check = (score: ScoreDescription, sink?: Dense, dropout?: ReturnType<typeof weightDropout>) => {
    const start = shape.s - shape.t;
    const dropped = dropout ? { dropout } : {};
    const known = scoreTensorsOf(score, start);
    const scoreWith = (given: Given) =>
      known.reduce((all, { path }, i) => {
        const own = given[`tensor${i as 0 | 1}`];
        return own ? replaced(all, path.split("."), own) : all;
      }, score);
    const both = ({ q, k, v, sink: own, ...given }: Given) => {
      const options = { mask: maskOf("causal", start), score: scoreOf(scoreWith(given as Given), start) };
      return forward({ q, k, v }, { ...options, ...dropped, ...(own ? { sink: own } : {}) });
    };
    expectGradients({
      forward: (given: Given) => ({ out: both(given).out }),
      backward: (given, { out: dout }) => {
        const { q, k, v, sink: own } = given;
        const used = scoreWith(given);
        const { dscore = [], ...gradients } = reference(
          { q, k, v, ...both(given), dout },
          {
            mask: maskOf("causal", start),
            score: scoreOf(used, start),
            derivative: derivativeOf(used, start),
            scoreTensors: scoreTensorsOf(used, start).map(({ tensor: one }) => one),
            ...dropped,
            ...(own ? { sink: own } : {}),
          },
        );
        return { ...gradients, ...Object.fromEntries(dscore.map((one, i) => [`dtensor${i}`, one])) };
      },
      inputs: {
        ...inputs,
        ...(sink ? { sink } : {}),
        ...Object.fromEntries(known.map(({ tensor: one }, i) => [`tensor${i}`, random(one.shape, 6 + i)])),
      } as Given,
    });
  };
  test("plain", () => check("none"));
  test("with a sink", () => check("none", random([shape.h], 4)));
  test("with dropout, a sink and a score that moves", () => {
    const key = dense([2], [3, 4]);
    const dropout = weightDropout({ key }, { rate: 0.4, site: 2, heads: shape.h });
    check({ kind: "softcap", cap: 1.5 }, random([shape.h], 4), dropout);
    const table = random([shape.h, 5], 7);
    check(
      [
        { kind: "signed-relative-bias", table },
        { kind: "softcap", cap: 1.5 },
      ],
      random([shape.h], 4),
      dropout,
    );
  });
  test.each(Object.entries(scoreExamples(shape)))("%s", (_, score) => check(score, random([shape.h], 5)));
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

test("8,192 tokens of 4 heads: the gradient of a table needs no buffer of all pairs either", () => {
  const x = (shape: readonly number[]) => placeholder(gpu, shape, "f32", "x");
  const heads = [1, 4, 8192, 64];
  const program = gpu.record(() => {
    const tensors = { q: x(heads), k: x(heads), v: x(heads), out: x(heads), lse: x([1, 4, 8192]), dout: x(heads) };
    const score = { kind: "signed-relative-bias", table: x([4, 257]) } as const;
    return attentionBackward(gpu, tensors, { score, needs: { score: ["table"] } });
  });
  expect(program.calls.map(({ variant }) => variant)).toEqual(["flash"]);
  expect(program.result.dscore?.["table"]?.shape).toEqual([4, 257]);
  const bytes = program.dispatches.flatMap(({ bindings }) => bindings.map(({ storage }) => storage.bytes));
  expect(Math.max(...bytes)).toBe(2 * 4 * 4 * 8192 * 64); // dk and dv
});

test("a user's score that is a soft cap gives the gradients of the soft cap, to the bit", async () => {
  const x = (shape: readonly number[], seed: number) => tensor(gpu, shape, normal(sizeOf(shape), seed));
  const heads = [1, 2, 9, 8];
  const [q, k, v, out, dout] = [1, 2, 3, 4, 5].map((seed) => x(heads, seed)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const tensors = { q, k, v, out, dout, lse: x([1, 2, 9], 6) };
  const own = {
    kind: "custom",
    wgsl: `struct Cap { cap: f32 }
@group(2) @binding(0) var<uniform> own: Cap;
fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return own.cap * tanh(score / own.cap); }
fn score_derivative(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  let bent = tanh(score / own.cap);
  return 1.0 - bent * bent;
}`,
    params: { cap: 1.5 },
  } as const;
  const alibi = { kind: "alibi", slopes: x([2], 7) } as const;
  for (const [variant, ...rest] of [["materialised"], ["rows", alibi], ["flash", alibi]] as const) {
    const of = (score: AttentionScore) => attentionBackward(gpu, tensors, { score, variant });
    const [mine, builtin] = [of([own, ...rest]), of([{ kind: "softcap", cap: 1.5 }, ...rest])];
    for (const name of ["dq", "dk", "dv"] as const) {
      expect([...((await mine[name]?.read()) ?? [])], name).toEqual([...((await builtin[name]?.read()) ?? [1])]);
    }
  }
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
    q: x([1, 2, 3, 4]),
    k: x([1, 2, 5, 4]),
    v: x([1, 2, 5, 4]),
    out: x([1, 2, 3, 4]),
    lse: x([1, 2, 3]),
    dout: x([1, 2, 3, 4]),
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
    expect(at({}, { score: custom })).toThrow(
      "a score of your own has no derivative, expected one in its text: fn score_",
    );
    expect(at({}, { score: ["none", custom] })).toThrow("a score of your own has no derivative");
    const misspelt = { ...custom, wgsl: `${custom.wgsl} fn score_derivative(score: f32) -> f32 { return 2.0; }` };
    expect(at({}, { score: misspelt })).toThrow(
      "score_derivative(f32) -> f32, expected score_derivative(f32, u32, u32,",
    );
    const slopes = tensor(gpu, [2], [1, 2]);
    const chain = ["none", { kind: "alibi", slopes }];
    expect(at({}, { score: chain, needs: { score: ["0.slopes"] } })).toThrow(
      "attentionBackward: score.0.slopes has no gradient; those of this score that have one: score.1.slopes",
    );
    const own = {
      ...custom,
      wgsl: `@group(2) @binding(0) var<storage, read> by: array<f32>;
fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return score + by[h]; }
fn score_derivative(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return 1.0; }`,
      tensors: { by: slopes },
    };
    expect(at({}, { score: ["none", own], needs: { score: ["1.tensors.by"] } })).toThrow(
      "score.1.tensors.by has no gradient; those of this score that have one: none; a text of your own says which element " +
        "of by a pair reads, by by_element(b: u32, h: u32, q: u32, k: u32) -> u32",
    );
    const wrong = { ...own, wgsl: `${own.wgsl} fn by_element(h: u32) -> u32 { return h; }` };
    expect(at({}, { score: wrong })).toThrow("by_element(u32) -> u32, expected by_element(u32, u32, u32, u32) -> u32");
    expect(at({}, { needs: { score: ["table"] } })).toThrow(
      "score.table has no gradient; those of this score that have one: none",
    );
    expect(at({ k: tensor(gpu, [1, 2, 5, 4], normal(40, 1), "f16") })).toThrow("k is f16, v is f32");
  });
});
