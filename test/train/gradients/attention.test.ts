import { describe, expect, test } from "vitest";
import { variantsOf } from "../../../src/check/case-table.ts";
import { perSequence } from "../../../src/check/cases/attention/sequences-in-a-row.ts";
import { normal } from "../../../src/check/random.ts";
import { attention, sequenceOffsets } from "../../../src/kernels/attention/attention.ts";
import { attentionBackward } from "../../../src/kernels/attention/backward/attention-backward.ts";
import { withPreference } from "../../../src/kernels/define/preference.ts";
import { attention as forward, attentionBackward as reference } from "../../../src/reference/attention/attention.ts";
import { causal } from "../../../src/reference/attention/masks.ts";
import { at, dense } from "../../../src/reference/dense.ts";
import { sizeOf } from "../../../src/tensor/shape.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { reshape, slice } from "../../../src/tensor/views.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { gradientsOf } from "../../support/numbers/gradients-of.ts";

const gpu = await quickGpu();

/**
 * Two query heads of one key and value head: 2 · 1 · 5 · 4 elements of k are no multiple of what a binding begins at.
 */
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

// Their variants have such sequences among their cases.
test("sequences that share a row", async () => {
  const lengths = [3, 5];
  const row = { q: numbers([1, 2, 8, 4], 1), k: numbers([1, 1, 8, 4], 2), v: numbers([1, 1, 8, 4], 3) };
  const dout = numbers([1, 2, 8, 4], 4);
  const given = { q: row.q.x(), k: row.k.x(), v: row.v.x() };
  const offsets = sequenceOffsets(gpu, lengths);
  const layout = { kind: "ragged", queryOffsets: offsets, keyOffsets: offsets } as const;
  const of = (p: Readonly<Record<string, Tensor>>) => attention(gpu, p as typeof given, { layout }).out;
  const { gradients: found } = await gradientsOf(gpu, given, of, { upstream: dout.x() });
  const own = { q: row.q.exact, k: row.k.exact, v: row.v.exact };
  const pairs = lengths.map((length) => [length, length] as const);
  const { out, lse } = perSequence(pairs, own, { mask: causal }, ({ q: a, k: b, v: c }: typeof own, all) =>
    forward({ q: a, k: b, v: c }, { mask: all.mask ?? causal }),
  );
  const { dq, dk, dv } = perSequence(pairs, { ...own, out, lse, dout: dout.exact }, { mask: causal }, reference);
  near(found.q, dq.values);
  near(found.k, dk.values);
  near(found.v, dv.values);
});

test("a user's tensor in a score has a gradient, one in a mask is refused", async () => {
  const given = { q: q.x(), k: k.x(), v: v.x() };
  const [table, shown] = [numbers([2, 5], 7), numbers([5], 8)];
  const score = (own: Tensor) =>
    ({
      kind: "custom",
      wgsl: `@group(2) @binding(0) var<storage, read> table: array<f32>;
fn table_element(b: u32, h: u32, q: u32, k: u32) -> u32 { return h * 5 + q - k; }
fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return score + table[table_element(b, h, q, k)]; }
fn score_derivative(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return 1.0; }`,
      tensors: { table: own },
    }) as const;
  const { gradients: found } = await gradientsOf(
    gpu,
    { table: table.x() },
    (p) => attention(gpu, given, { score: score(p.table as Tensor) }).out,
    { upstream: upstream.x() },
  );
  const element = (_b: number, h: number, query: number, key: number) => h * 5 + query - key;
  const by = (value: number, ...pair: Parameters<typeof element>) => value + at(table.exact.values, element(...pair));
  const own = { q: q.exact, k: k.exact, v: v.exact };
  const options = { mask: causal, score: by };
  const { dscore } = reference(
    { ...own, ...forward(own, options), dout: upstream.exact },
    { ...options, scoreTensors: [{ shape: [2, 5], element, slope: () => 1 }] },
  );
  near(found.table, dscore?.[0]?.values ?? []);
  const mask = (own: Tensor) =>
    ({
      kind: "custom",
      wgsl: `@group(2) @binding(0) var<storage, read> shown: array<f32>;
fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool { return shown[k] > 0.0; }`,
      tensors: { shown: own },
    }) as const;
  await expect(
    gradientsOf(gpu, { shown: shown.x() }, (p) => attention(gpu, given, { mask: mask(p.shown as Tensor) }).out, {
      upstream: upstream.x(),
    }),
  ).rejects.toThrow(
    "gradients: attention's mask.tensors.shown has no gradient, because a mask shows a key or hides it",
  );
});
