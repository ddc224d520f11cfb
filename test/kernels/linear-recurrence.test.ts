// The delta rule and state spaces: every variant against the float64 reference, and what holds for any of them.
import { describe, expect, test } from "vitest";
import {
  deltaRuleBackwardCases,
  deltaRuleCases,
  stateSpaceBackwardCases,
  stateSpaceCases,
} from "../../src/check/cases/linear-recurrence.ts";
import { normal } from "../../src/check/random.ts";
import { deltaRule } from "../../src/kernels/linear-recurrence/delta-rule.ts";
import { stateSpace } from "../../src/kernels/linear-recurrence/state-space.ts";
import { deltaRule as definition } from "../../src/reference/delta-rule.ts";
import { dense } from "../../src/reference/dense.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { slice } from "../../src/tensor/views.ts";
import { testGpu } from "../support/devices/gpu.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, deltaRuleCases);
testCases(() => gpu, stateSpaceCases);
testCases(() => gpu, deltaRuleBackwardCases);
testCases(() => gpu, stateSpaceBackwardCases);

const hasSubgroups = gpu.adapter.subgroupSize !== undefined;
const variants = (["recurrent", "chunks", "subgroups"] as const).filter((name) => name !== "subgroups" || hasSubgroups);
const [b, h, hv, t, d, dv] = [2, 1, 2, 37, 8, 5];

/** Inputs with a gate for each head, of `tokens` tokens. */
function inputs(tokens: number) {
  const values = (shape: readonly number[], seed: number, map = (x: number) => x) => ({
    shape,
    values: Float64Array.from(normal(sizeOf(shape), seed), map),
  });
  return {
    q: values([b, h, tokens, d], 1),
    k: values([b, h, tokens, d], 2, (x) => x / Math.sqrt(d)),
    v: values([b, hv, tokens, dv], 3),
    beta: values([b, hv, tokens], 4, (x) => 1 / (1 + Math.exp(-x))),
    g: values([b, hv, tokens], 5, (x) => -0.1 * Math.abs(x)),
  };
}

type Given = Readonly<Record<"q" | "k" | "v" | "beta" | "g", Tensor>>;
const uploaded = (of: ReturnType<typeof inputs>): Given =>
  Object.fromEntries(
    Object.entries(of).map(([name, { shape, values }]) => [name, tensor(gpu, shape, values)]),
  ) as Given;
/** Tokens from `begin` on. */
const part = (given: Given, begin: number, end: number): Given =>
  Object.fromEntries(Object.entries(given).map(([name, x]) => [name, slice(x, 2, begin, end)])) as Given;

describe.each(variants)("%s", (variant) => {
  const given = uploaded(inputs(t));
  const whole = deltaRule(gpu, given, { variant });

  test("a sequence in two calls is one call, bit for bit where chunks are whole", async () => {
    const out = await whole.out.read();
    const state = await whole.state.read();
    for (let at = 0; at <= t; at++) {
      const before = deltaRule(gpu, part(given, 0, at), { variant });
      const after = deltaRule(gpu, { ...part(given, at, t), state: before.state }, { variant });
      const found = [await before.out.read(), await after.out.read()];
      const joined = Array.from({ length: b * hv }, (_, row) => [
        ...(found[0] ?? []).slice(row * at * dv, (row + 1) * at * dv),
        ...(found[1] ?? []).slice(row * (t - at) * dv, (row + 1) * (t - at) * dv),
      ]).flat();
      const all = [...joined, ...(await after.state.read())];
      const expected = [...out, ...state];
      if (variant !== "chunks" || at % 16 === 0) expect(all, `split at ${at}`).toEqual(expected);
      else for (const [i, x] of all.entries()) expect(Math.abs(x - (expected[i] ?? 0))).toBeLessThanOrEqual(2e-6);
    }
  });

  test("in place, the state given becomes that after the last token, with the same bits", async () => {
    const { state } = deltaRule(gpu, part(given, 0, 16), { variant });
    const before = await state.read();
    const rest = { ...part(given, 16, t), state };
    const expected = deltaRule(gpu, rest, { variant });
    const [out, after] = [await expected.out.read(), await expected.state.read()];
    expect(await state.read()).toEqual(before);
    const found = deltaRule(gpu, rest, { variant, inPlace: true });
    expect(await found.out.read()).toEqual(out);
    expect(found.state.storage).toBe(state.storage);
    expect(await state.read()).toEqual(after);
    const gaps = { ...rest, state: slice(tensor(gpu, [b, hv, d, 2 * dv], normal(b * hv * d * 2 * dv, 6)), 3, 0, dv) };
    expect(() => deltaRule(gpu, gaps, { variant, inPlace: true })).toThrow(/the state is a view with gaps/);
    expect(() => deltaRule(gpu, given, { variant, inPlace: true })).toThrow(/there is no state/);
  });

  test("tokens that are added leave the earlier results as they were", async () => {
    const fewer = await deltaRule(gpu, part(given, 0, t - 3), { variant }).out.read();
    const out = await whole.out.read();
    for (let row = 0; row < b * hv; row++) {
      const length = (t - 3) * dv;
      expect(fewer.slice(row * length, (row + 1) * length)).toEqual(out.slice(row * t * dv, row * t * dv + length));
    }
  });

  test("the last value wins where all keys are one of length 1, and all of the error is written", async () => {
    const key = Array.from({ length: d }, (_, i) => (i === 0 ? 1 : 0));
    const keys = tensor(gpu, [1, 1, t, d], Array(t).fill(key).flat());
    const values = normal(t * dv, 9);
    const { out } = deltaRule(
      gpu,
      { q: keys, k: keys, v: tensor(gpu, [1, 1, t, dv], values), beta: tensor(gpu, [1, 1, t], Array(t).fill(1)) },
      { scale: 1, variant },
    );
    for (const [i, x] of (await out.read()).entries()) expect(Math.abs(x - (values[i] ?? 0))).toBeLessThanOrEqual(1e-6);
  });

  test("16,384 tokens stay within 10⁻⁵ of the largest result", async () => {
    const long = inputs(16_384);
    const { out } = deltaRule(gpu, uploaded(long), { variant, normalise: true });
    const asDense = Object.fromEntries(
      Object.entries(long).map(([name, { shape, values }]) => [
        name,
        dense(shape, Float64Array.from(values, Math.fround)),
      ]),
    ) as Record<keyof Given, ReturnType<typeof dense>>;
    const exact = definition(asDense, { normalise: true }).out.values;
    const largest = exact.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const error = (await out.read()).reduce((most, x, i) => Math.max(most, Math.abs(x - (exact[i] ?? 0))), 0);
    expect(error / largest).toBeLessThanOrEqual(1e-5);
  });
});

describe("what does not fit is named", () => {
  const zeros = (...shape: number[]) => tensor(gpu, shape, new Float32Array(sizeOf(shape)));
  const fitting = { q: zeros(1, 2, 3, 4), k: zeros(1, 2, 3, 4), v: zeros(1, 4, 3, 5), beta: zeros(1, 4, 3) };
  test.each([
    [{ v: zeros(1, 3, 3, 5), beta: zeros(1, 3, 3) }, /deltaRule: 3 heads \(hv\) do not divide among 2 \(h\)/],
    [{ k: zeros(1, 2, 3, 5) }, /deltaRule.*k/],
    [{ g: zeros(1, 4, 3, 5) }, /deltaRule.*g/],
    [{ documents: zeros(1, 3) }, /deltaRule: documents is f32, expected u32/],
    [{ q: zeros(1, 2, 3, 257), k: zeros(1, 2, 3, 257) }, /keys are 257 wide, expected at most 256/],
  ])("%#", (wrong, message) => {
    expect(() => deltaRule(gpu, { ...fitting, ...wrong })).toThrow(message);
  });
  test("of a state space, too", () => {
    const space = { x: zeros(1, 2, 3, 4), dt: zeros(1, 2, 3), a: zeros(3), b: zeros(1, 1, 3, 4), c: zeros(1, 1, 3, 4) };
    expect(() => stateSpace(gpu, space)).toThrow(/stateSpace.*a/);
  });
});
