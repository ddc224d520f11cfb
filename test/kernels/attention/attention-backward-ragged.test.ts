// Gradients of sequences of different lengths that share a row: those of each sequence by itself.
import { describe, expect, test } from "vitest";
import { normal } from "../../../src/check/random.ts";
import { sequenceOffsets } from "../../../src/kernels/attention/attention.ts";
import { attentionBackward } from "../../../src/kernels/attention/backward/attention-backward.ts";
import { sizeOf } from "../../../src/tensor/shape.ts";
import { placeholder, type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { slice } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";

const gpu = await testGpu();
const [queries, keys] = [
  [3, 70, 1],
  [5, 70, 66],
] as const;
const sum = (of: readonly number[]) => of.reduce((total, one) => total + one, 0);
const x = (shape: readonly number[], seed: number) => tensor(gpu, shape, normal(sizeOf(shape), seed));
const layout = {
  kind: "ragged",
  queryOffsets: sequenceOffsets(gpu, queries),
  keyOffsets: sequenceOffsets(gpu, keys),
} as const;
const [t, s] = [sum(queries), sum(keys)];
const tensors = {
  q: x([1, 4, t, 8], 1),
  k: x([1, 2, s, 8], 2),
  v: x([1, 2, s, 8], 3),
  out: x([1, 4, t, 8], 4),
  dout: x([1, 4, t, 8], 5),
  lse: x([1, 4, t], 6),
};

describe.each(["rows", "flash"] as const)("gradients by %s", (variant) => {
  test("are those of each sequence, to the bit", async () => {
    const { dq, dk, dv } = attentionBackward(gpu, tensors, { layout, variant });
    let [query, key] = [0, 0];
    for (const [i, count] of queries.entries()) {
      const length = keys[i] ?? 0;
      const ofQueries = (of: Tensor) => slice(of, 2, query, query + count);
      const ofKeys = (of: Tensor) => slice(of, 2, key, key + length);
      const { q, k, v, out, dout, lse } = tensors;
      const one = { q: ofQueries(q), out: ofQueries(out), dout: ofQueries(dout), k: ofKeys(k), v: ofKeys(v) };
      const rows = tensor(gpu, [1, 4, count], await ofQueries(lse).read());
      const alone = attentionBackward(gpu, { ...one, lse: rows }, { variant });
      for (const [name, mine, other] of [
        ["dq", dq && ofQueries(dq), alone.dq],
        ["dk", dk && ofKeys(dk), alone.dk],
        ["dv", dv && ofKeys(dv), alone.dv],
      ] as const) {
        expect([...((await mine?.read()) ?? [])], `${name} of sequence ${i}`).toEqual([
          ...((await other?.read()) ?? [1]),
        ]);
      }
      query += count;
      key += length;
    }
  });
});

test("layouts of caches are refused, by name, as are weights in memory and tensors by position", () => {
  const words = (shape: readonly number[]) => placeholder(gpu, shape, "u32", "words");
  const of =
    (options: object, given: Partial<typeof tensors> = {}) =>
    () =>
      attentionBackward(gpu, { ...tensors, ...given }, options);
  const pages = placeholder(gpu, [3, 2, 64, 8], "f32", "pages");
  expect(of({ layout: { kind: "paged", blockTable: words([1, 2]) } }, { k: pages, v: pages })).toThrow(
    "attentionBackward: keys and values of a paged layout have no gradient, expected contiguous or ragged",
  );
  expect(of({ layout, variant: "materialised" })).toThrow("attentionBackward/materialised: it takes no ragged layout");
  expect(of({ layout, mask: { kind: "document", documents: words([1, s]) } })).toThrow(
    "a ragged layout takes masks and scores that read no tensors by row or position",
  );
  expect(of({ layout, start: 3 })).toThrow("a ragged layout defines start and length");
});
