// Additive attention and Luong's three against PyTorch: in the float64 reference, and on the device, with gradients.
import { expect, test } from "vitest";
import { type AlignedResult, additiveAttention, luongAttention } from "../../../src/blocks/alignment.ts";
import {
  additiveAttentionCases,
  additiveScoreBackwardCases,
  additiveScoreCases,
  luongAttentionCases,
  maskLengthsCases,
} from "../../../src/check/cases/attention/alignment.ts";
import { maskLengths } from "../../../src/kernels/alignment/mask-lengths.ts";
import { additiveScoresBackward } from "../../../src/kernels/alignment/scores-backward.ts";
import { add, mul } from "../../../src/kernels/elementwise/elementwise.ts";
import { sum } from "../../../src/kernels/reduce/reduce.ts";
import * as definition from "../../../src/reference/attention/alignment.ts";
import { type Dense, dense } from "../../../src/reference/dense.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { reshape, transpose } from "../../../src/tensor/views.ts";
import golden from "../../golden/alignment.json" with { type: "json" };
import { testGpu } from "../../support/devices/gpu.ts";
import { firstIf } from "../../support/first-tier.ts";
import { gradientsOf } from "../../support/numbers/gradients-of.ts";
import { asDense, expectClose, type Listed, mapped, type NamedLists } from "../../support/numbers/listed.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, additiveScoreCases);
testCases(() => gpu, additiveScoreBackwardCases);
testCases(() => gpu, maskLengthsCases);
testCases(() => gpu, additiveAttentionCases);
testCases(() => gpu, luongAttentionCases);

interface Golden {
  readonly kind: "additive" | "dot" | "general" | "concat";
  readonly lengths: readonly number[] | null;
  readonly inputs: NamedLists;
  readonly results: NamedLists;
  readonly upstream: NamedLists;
  readonly gradients: NamedLists;
}

const cases = Object.entries(golden as unknown as Readonly<Record<string, Golden>>);

test.each(cases)(
  "%s: the reference is PyTorch's to 1e-10, and so are its gradients",
  (_, { kind, lengths, inputs, results, upstream, gradients }) => {
    const rows = lengths ? { lengths: dense([lengths.length], lengths) } : {};
    const given = { ...mapped(inputs, asDense), ...rows } as never;
    const found =
      kind === "additive" ? definition.additiveAttention(given) : definition.luongAttention(given, { score: kind });
    for (const name of ["out", "weights"] as const) expectClose(found[name].values, results[name], 1e-10, name);
    const u = mapped(upstream, asDense);
    const all = { ...(given as object), dout: u["out"], dweights: u["weights"] } as never;
    const back: Readonly<Record<string, Dense | undefined>> =
      kind === "additive"
        ? definition.additiveAttentionBackward(all)
        : definition.luongAttentionBackward(all, { score: kind });
    for (const name of Object.keys(gradients)) {
      expectClose(back[`d${name}`]?.values, gradients[name], 1e-10, `gradient of ${name}`);
    }
  },
);

test.each(cases)(
  "%s: results and gradients are PyTorch's to 1e-5",
  firstIf(true),
  async (_, { kind, lengths, inputs, results, upstream, gradients }) => {
    const upload = ({ shape, values }: Listed) => tensor(gpu, shape, values);
    const [x, u] = [mapped(inputs, upload), mapped(upstream, upload)];
    const rows = lengths ? { lengths: tensor(gpu, [lengths.length], lengths, "u32") } : {};
    const attended = (given: Readonly<Record<string, Tensor>>): AlignedResult => {
      const tensors = { ...given, ...rows } as never;
      return kind === "additive" ? additiveAttention(gpu, tensors) : luongAttention(gpu, tensors, { score: kind });
    };
    const found = attended(x);
    for (const name of ["out", "weights"] as const) {
      expectClose(await found[name].read(), results[name], 1e-5, name);
    }
    const { gradients: back } = await gradientsOf(gpu, x, (given) => {
      const all = attended(given);
      const part = (name: "out" | "weights") => {
        const { y } = mul(gpu, { a: all[name], b: u[name] as Tensor });
        return sum(gpu, { x: reshape(y, [y.size]) }, { axis: 0 }).y;
      };
      return add(gpu, { a: part("out"), b: part("weights") }).y;
    });
    for (const name of Object.keys(gradients)) {
      expectClose(back[name], gradients[name], 1e-5, `gradient of ${name}`);
    }
  },
);

test("what is past the lengths may be NaN, for gradients too, and a row without keys has none", async () => {
  const [b, s, d] = [2, 3, 4];
  const values = Array.from({ length: b * s * d }, (_, i) => (i < s * d || i >= (s + 2) * d ? Number.NaN : i / 9));
  const query = tensor(
    gpu,
    [b, 1, d],
    Array.from({ length: b * d }, (_, i) => i / 7),
  );
  const lengths = tensor(gpu, [b], [0, 2], "u32");
  const weight = tensor(
    gpu,
    [5, d],
    Array.from({ length: 5 * d }, (_, i) => Math.sin(i)),
  );
  const parameters = {
    query,
    keys: tensor(gpu, [b, s, d], values),
    queryWeight: weight,
    keyWeight: tensor(gpu, [5, d], await weight.read()),
    v: tensor(gpu, [5], [1, 2, 3, 4, 5]),
  };
  const found = additiveAttention(gpu, { ...parameters, lengths });
  expect([...(await found.out.read())].slice(0, d)).toEqual(Array(d).fill(0));
  const weights = [...(await found.weights.read())];
  expect(weights.slice(0, s)).toEqual(Array(s).fill(0));
  expect(weights.at(-1)).toBe(0);
  const { gradients } = await gradientsOf(gpu, parameters, (given) => {
    const { out } = additiveAttention(gpu, { ...given, lengths });
    return sum(gpu, { x: reshape(out, [out.size]) }, { axis: 0 }).y;
  });
  for (const [name, all] of Object.entries(gradients)) {
    expect(all?.every(Number.isFinite), name).toBe(true);
    expect(
      all?.some((value) => value !== 0),
      name,
    ).toBe(true);
  }
  const { keys = [] } = gradients;
  expect(keys.slice(0, s * d)).toEqual(Array(s * d).fill(0));
  expect(keys.slice((s + 2) * d)).toEqual(Array(d).fill(0));
});

test("views are taken, and some gradients are left out", async () => {
  const drawn = (...shape: number[]) =>
    tensor(
      gpu,
      shape,
      Array.from({ length: shape.reduce((a, c) => a * c, 1) }, (_, i) => Math.cos(i)),
    );
  const [query, keys] = [drawn(3, 2, 4), drawn(5, 2, 4)];
  const swapped = { query: transpose(query, [1, 0, 2]), keys: transpose(keys, [1, 0, 2]) };
  const lengths = tensor(gpu, [2], [4, 5], "u32");
  const { weights } = luongAttention(gpu, { ...swapped, lengths }, { score: "dot" });
  const asDense = async (x: Tensor) => {
    const [first = 0, second = 0, width = 0] = x.shape;
    const all = [...(await x.read())];
    const rows = Array.from({ length: first * second }, (_, i) => (i % first) * second + Math.floor(i / first));
    return dense(
      [second, first, width],
      rows.flatMap((row) => all.slice(row * width, (row + 1) * width)),
    );
  };
  const wanted = definition.luongAttention(
    { query: await asDense(query), keys: await asDense(keys), lengths: dense([2], [4, 5]) },
    { score: "dot" },
  ).weights;
  expectClose(await weights.read(), { shape: wanted.shape, values: [...wanted.values] }, 1e-6, "weights");
  const given = { query: drawn(1, 2, 3), keys: drawn(1, 4, 3), v: drawn(3), dscores: drawn(1, 2, 4) };
  const only = additiveScoresBackward(gpu, given, { needs: { query: false, v: false } });
  expect(Object.keys(only)).toEqual(["dkeys"]);
});

test("what does not fit is refused, and named", () => {
  const zeros = (...shape: number[]) =>
    tensor(gpu, shape, new Float32Array(shape.reduce((product, size) => product * size, 1)));
  const given = { query: zeros(2, 3, 4), keys: zeros(2, 5, 6) };
  const weights = { queryWeight: zeros(7, 4), keyWeight: zeros(7, 6), v: zeros(7) };
  const additive = (changed: object) => () => additiveAttention(gpu, { ...given, ...weights, ...changed });
  expect(additive({ keyWeight: zeros(7, 5) })).toThrow(
    "additiveAttention: keyWeight is [7, 5], expected [a, dk] with dk = 6 (from keys)",
  );
  expect(additive({ v: zeros(6) })).toThrow("v is [6], expected [a] with a = 7 (from queryWeight)");
  expect(additive({ values: zeros(2, 4, 6) })).toThrow("values is [2, 4, 6], expected [b, s, dv] with s = 5");
  expect(additive({ lengths: zeros(3) })).toThrow("lengths is [3], expected [b] with b = 2");
  expect(additive({ lengths: zeros(2) })).toThrow("lengths is f32 [2], expected u32");
  expect(additive({ keys: zeros(2, 0, 6) })).toThrow("keys is [2, 0, 6], expected at least one key a row");
  const luong = (score: string, changed: object) => () =>
    luongAttention(gpu, { ...given, ...changed }, { score: score as "dot" });
  expect(luong("dot", {})).toThrow("luongAttention: keys is [2, 5, 6], expected [b, s, d] with d = 4 (from query)");
  expect(luong("dot", { weight: zeros(4, 6) })).toThrow("luongAttention: weight is given, expected none for dot");
  expect(luong("general", {})).toThrow("luongAttention: weight is missing, expected [d, dk] for general");
  expect(luong("concat", { weight: zeros(7, 10) })).toThrow("v is missing, expected [a] for concat");
  expect(luong("concat", { weight: zeros(7, 9), v: zeros(7) })).toThrow("weight is [7, 9], expected [a, d + dk]");
  expect(luong("cosine", {})).toThrow('luongAttention: score is "cosine", expected "dot" or "general" or "concat"');
  expect(() =>
    maskLengths(gpu, { x: given.keys, lengths: tensor(gpu, [2], [1, 2], "u32") }, { axis: 1, value: 3 }),
  ).toThrow("maskLengths: value is 3, expected 0 or -Infinity");
});
