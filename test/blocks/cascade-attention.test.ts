import { describe, expect, test } from "vitest";
import { type CascadeOptions, cascadeAttention } from "../../src/blocks/cascade-attention.ts";
import { cascadeCases } from "../../src/check/cases/attention/cascade.ts";
import { attention } from "../../src/kernels/attention/attention.ts";
import { zeros } from "../../src/tensor/tensor.ts";
import { slice, transpose } from "../../src/tensor/views.ts";
import { testGpu } from "../support/devices/gpu.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu({ features: [] });
testCases(() => gpu, cascadeCases);

/** Tensors whose values do not matter. */
function inputs({ b, h, g, t, p, s, d }: Record<"b" | "h" | "g" | "t" | "p" | "s" | "d", number>) {
  return {
    q: transpose(zeros(gpu, [b, t, h, d]), [0, 2, 1, 3]),
    prefix: { k: zeros(gpu, [1, g, p, d]), v: zeros(gpu, [1, g, p, d]) },
    suffix: { k: zeros(gpu, [b, g, s, d]), v: zeros(gpu, [b, g, s, d]) },
  };
}

const requested = (record: () => unknown) =>
  gpu.record(record).dispatches.reduce((sum, { cost }) => sum + (cost.requestedBytes ?? 0), 0);

describe("cascadeAttention", () => {
  test("reads the prefix once for all rows that share a block of queries", () => {
    const [b, h, g, t, p, s, d] = [16, 4, 2, 1, 1024, 16, 64];
    const x = inputs({ b, h, g, t, p, s, d });
    const cascade = requested(() => cascadeAttention(gpu, x, { variants: { prefix: "flash", suffix: "splitK" } }));
    const whole = { k: zeros(gpu, [b, g, p + s, d]), v: zeros(gpu, [b, g, p + s, d]) };
    const plain = requested(() => attention(gpu, { q: x.q, ...whole }, { variant: "flash" }));
    // Flash takes 64 queries of a head at a time: 16 rows of a batch are one block, and the prefix is read once a head
    // where it was read once a head and row.
    const once = 4 * h * 2 * p * d;
    expect(plain).toBeGreaterThan(b * once);
    expect(cascade).toBeGreaterThan(once);
    expect(cascade).toBeLessThan(plain / 4);
    const moreRows = inputs({ b: 4 * b, h, g, t, p, s, d });
    const prefixOnly = (of: typeof x) =>
      gpu
        .record(() => cascadeAttention(gpu, of, { variants: { prefix: "flash", suffix: "splitK" } }))
        .dispatches.filter(({ kernel }) => kernel === "attention/flash")
        .reduce((sum, { cost }) => sum + (cost.requestedBytes ?? 0), 0);
    // 64 rows are one block still.
    expect(prefixOnly(moreRows) / prefixOnly(x)).toBeLessThan(1.1);
  });

  test("packs the heads of a group too, so that the prefix is read once for all of them", () => {
    const x = inputs({ b: 16, h: 8, g: 2, t: 1, p: 1024, s: 16, d: 64 });
    const ofPrefix = (tensors: typeof x) => {
      const [first] = gpu.record(() => cascadeAttention(gpu, tensors)).dispatches;
      return [first?.kernel, first?.workgroups];
    };
    // One workgroup for each of two key and value heads, or each of six heads.
    expect(ofPrefix(x)).toEqual(["attention/flash", [1, 2, 1]]);
    expect(ofPrefix(inputs({ b: 16, h: 6, g: 6, t: 1, p: 9, s: 16, d: 64 }))).toEqual(["attention/flash", [1, 6, 1]]);
    const [naive] = ofPrefix(inputs({ b: 16, h: 8, g: 2, t: 1, p: 9, s: 16, d: 6 }));
    expect(naive).toBe("attention/naive/scores");
    const byHead = requested(() => cascadeAttention(gpu, x, { variants: { prefix: "flash" } }));
    expect(requested(() => cascadeAttention(gpu, x))).toBeLessThan(byHead / 2);
  });

  test("copies queries only where they lie by heads", () => {
    const x = inputs({ b: 2, h: 4, g: 2, t: 3, p: 9, s: 5, d: 8 });
    const kernels = (q: typeof x.q) =>
      gpu.record(() => cascadeAttention(gpu, { ...x, q })).dispatches.map(({ kernel }) => kernel);
    const copies = (q: typeof x.q) => kernels(q).filter((kernel) => kernel.startsWith("layout/copy"));
    expect(copies(x.q)).toEqual([]);
    expect(copies(zeros(gpu, [2, 4, 3, 8]))).toEqual(["layout/copy-vectors"]);
    expect(kernels(x.q).at(-1)).toBe("attention/merge");
  });

  test("refuses what does not fit, and says so", () => {
    const x = inputs({ b: 2, h: 4, g: 2, t: 3, p: 9, s: 5, d: 8 });
    const call =
      (tensors: Partial<typeof x>, options: CascadeOptions = {}) =>
      () =>
        cascadeAttention(gpu, { ...x, ...tensors }, options);
    expect(call({ prefix: x.suffix })).toThrow(/prefix.k is \[2, 2, 5, 8\], expected \[1, 2, 5, 8\] with q/);
    expect(call({ prefix: { ...x.prefix, v: slice(x.prefix.v, 2, 0, 4) } })).toThrow(/prefix.v is \[1, 2, 4, 8\]/);
    expect(call({ suffix: { ...x.suffix, k: slice(x.suffix.k, 0, 0, 1) } })).toThrow(/suffix.k is \[1, 2, 5, 8\]/);
    expect(call({}, { length: 1 })).toThrow(/first query is 2 keys before the suffix, within the prefix/);
    expect(call({}, { mask: "window" as "full" })).toThrow(/mask is "window"/);
    expect(call({}, { score: { kind: "alibi" } as never })).toThrow(/scores that depend on positions/);
  });
});
