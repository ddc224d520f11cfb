import { describe, expect, test } from "vitest";
import { variantsOf } from "../../src/check/case-table.ts";
import { normal } from "../../src/check/random.ts";
import { attention } from "../../src/kernels/attention/attention.ts";
import { attentionBackward } from "../../src/kernels/attention/backward/attention-backward.ts";
import { withPreference } from "../../src/kernels/preference.ts";
import { attention as forward } from "../../src/reference/attention.ts";
import { attentionBackward as reference } from "../../src/reference/attention-backward.ts";
import { dense } from "../../src/reference/dense.ts";
import { causal } from "../../src/reference/masks.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { reshape, slice } from "../../src/tensor/views.ts";
import { testGpu } from "../support/gpu.ts";
import { gradientsOf } from "../support/gradients-of.ts";

const gpu = await testGpu();

/** Two query heads of one key and value head: 2 · 1 · 5 · 4 elements of k are no multiple of what a binding begins at. */
const [ofQueries, ofKeys] = [
  [2, 2, 5, 4],
  [2, 1, 5, 4],
] as const;

const numbers = (shape: readonly number[], seed: number) => {
  const drawn = normal(sizeOf(shape), seed).map(Math.fround);
  return { exact: dense(shape, drawn), x: () => tensor(gpu, shape, drawn) };
};

const [q, k, v, upstream] = [numbers(ofQueries, 1), numbers(ofKeys, 2), numbers(ofKeys, 3), numbers(ofQueries, 4)];

const expected = () => {
  const given = { q: q.exact, k: k.exact, v: v.exact };
  return reference({ ...given, ...forward(given, { mask: causal }), dout: upstream.exact }, { mask: causal });
};

const near = (found: readonly number[] | undefined, wanted: ArrayLike<number>) =>
  expect(Math.max(...Array.from(wanted, (value, i) => Math.abs(value - (found?.[i] ?? Number.NaN))))).toBeLessThan(
    2e-6,
  );

describe.each(variantsOf(attentionBackward))("gradients of attention by %s", (variant) => {
  const gradients = (parameters: Readonly<Record<string, Tensor>>, fn: (p: Record<string, Tensor>) => Tensor) =>
    withPreference(
      gpu,
      ({ op }) => (op.opName === "attentionBackward" ? [variant] : undefined),
      () => gradientsOf(gpu, parameters, fn, { upstream: upstream.x() }),
    );

  test("queries, keys and values of their own", async () => {
    const given = { q: q.x(), k: k.x(), v: v.x() };
    const { gradients: found } = await gradients(given, (p) => attention(gpu, p as typeof given).out);
    const { dq, dk, dv } = expected();
    near(found.q, dq.values);
    near(found.k, dk.values);
    near(found.v, dv.values);
  });

  test("keys and values that are parts of one tensor", async () => {
    const size = sizeOf(ofKeys);
    const both = tensor(gpu, [2 * size], [...k.exact.values, ...v.exact.values]);
    const { gradients: found } = await gradients({ q: q.x(), both }, (p) => {
      const part = (first: number) => reshape(slice(p.both as Tensor, 0, first, first + size), ofKeys);
      return attention(gpu, { q: p.q as Tensor, k: part(0), v: part(size) }).out;
    });
    const { dk, dv } = expected();
    near(found.both, [...dk.values, ...dv.values]);
  });
});
