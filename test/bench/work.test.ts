import { describe, expect, test } from "vitest";
import { maskKinds, parseMask } from "../../bench/attention/masks.ts";
import { attentionCase } from "../../bench/attention/plan.ts";
import { modelledBytes } from "../../bench/attention/traffic.ts";
import { attentionWork, liveKeys } from "../../bench/attention/work.ts";
import { attention, placeholder } from "../../src/index.ts";
import { testGpu } from "../support/gpu.ts";

/** Pairs by looking at each of them, and the keys that somebody sees. */
function counted(mask: string, b: number, t: number, s: number): { pairs: number; keys: number } {
  const visible = parseMask(mask).reference({ b, t, s });
  let [pairs, keys] = [0, 0];
  for (let batch = 0; batch < b; batch++) {
    for (let key = 0; key < s; key++) {
      const queries = Array.from({ length: t }, (_, row) => visible(batch, 0, s - t + row, key)).filter(Boolean).length;
      pairs += queries;
      if (queries > 0) keys++;
    }
  }
  return { pairs, keys };
}

/** A mask of each kind, with its numbers. */
const numbers: Readonly<Record<string, string>> = {
  local: ":2:3",
  "sink-window": ":2:5",
  "dilated-window": ":9:3",
  fixed: ":8:2",
  "shared-prefix": ":5:4",
  "block-sparse": ":4:40",
  boolean: ":30",
};
const masks = Object.entries(maskKinds).map(
  ([name, { parameters }]) => name + (numbers[name] ?? (parameters.length > 0 ? ":6" : "")),
);

describe.each(masks)("the work of %s", (mask) => {
  test.each([
    [1, 1, 1],
    [2, 17, 17],
    [3, 1, 29],
    [2, 13, 31],
    [1, 31, 13],
  ])("b %i, t %i, s %i: pairs and keys as counted one by one", (b, t, s) => {
    const { pairs, keys } = counted(mask, b, t, s);
    const work = attentionWork(attentionCase({ batch: `${b}q${t}s${s}`, mask, heads: "6/2x8-12" }));
    expect(work.livePairs).toBe(6 * pairs);
    expect(work.flops).toBe(2 * 6 * pairs * (8 + 12));
    expect(work.bytes).toBe(4 * (b * t * 6 + keys * 2) * (8 + 12));
  });
});

describe("closed forms of the literature", () => {
  const pairs = (mask: string, batch: string) => attentionWork(attentionCase({ batch, mask, heads: "1x4" })).livePairs;
  test("pairs", () => {
    expect(pairs("full", "q7s11")).toBe(7 * 11);
    expect(pairs("causal", "q7s11")).toBe((7 * (2 * 11 - 7 + 1)) / 2);
    expect(pairs("causal", "q11s7")).toBe((7 * 8) / 2);
    expect(pairs("sliding-window:5", "q40")).toBe(5 * 40 - (5 * 4) / 2);
    expect(pairs("causal", "3q1s1k_2q64")).toBe(3 * 1024 + (2 * 64 * 65) / 2);
  });

  test("FlashAttention's convention: half of the diagonal is left out, and so are windows", () => {
    const flops = (mask: string) => attentionWork(attentionCase({ batch: "2q512", mask, heads: "4x64" }));
    expect(flops("full").flopsFlashAttention).toBe(4 * 2 * 512 ** 2 * 4 * 64);
    expect(flops("causal").flopsFlashAttention).toBe((4 * 2 * 512 ** 2 * 4 * 64) / 2);
    expect(flops("causal").flops).toBe(4 * 2 * ((512 * 513) / 2) * 4 * 64);
    expect(flops("sliding-window:8").flopsFlashAttention).toBe(flops("causal").flopsFlashAttention);
  });
});

test("keys between the first and the last that some queries see", () => {
  const mask = parseMask("sliding-window:4").reference({ b: 1, t: 10, s: 30 });
  expect(liveKeys(mask, 10, 30, 0, 0)).toBe(4);
  expect(liveKeys(mask, 10, 30, 2, 5)).toBe(7);
  expect(liveKeys(parseMask("causal").reference({ b: 1, t: 10, s: 4 }), 10, 4, 0, 5)).toBe(0);
});

describe("modelled bytes", async () => {
  const gpu = await testGpu({ features: [] });
  type Name = keyof typeof attention.variants;

  /** Megabytes of a variant at S = 1024, full, or as `batch` says. */
  function megabytes(variant: Name, batch = "q1k", heads = "12x64", mask = "full"): number {
    const given = attentionCase({ batch, heads, mask });
    const [group] = given.batch.groups;
    if (!group) throw new Error("there is no group");
    const { count: b, t, s } = group;
    const { h, g, d } = given.heads;
    const q = placeholder(gpu, [b, h, t, d], "f32", "q");
    const k = placeholder(gpu, [b, g, s, d], "f32", "k");
    const v = placeholder(gpu, [b, g, s, d], "f32", "v");
    const program = gpu.record(() =>
      attention(gpu, { q, k, v }, { variant, mask: given.mask.make(gpu, group && { b, t, s }) }),
    );
    const [call] = program.calls;
    if (!call) throw new Error("nothing was called");
    return (
      (modelledBytes(call, { group, heads: given.heads, mask: given.mask.reference({ b, t, s }) }) ?? Number.NaN) / 1e6
    );
  }

  // The table of FlashAttention's rungs: 12 heads of 1,024 tokens, width 64, f32.
  test("at 1,024 tokens of 12 heads, as worked out by hand", () => {
    const once = (4 * 12 * 1024 * 64) / 1e6; // q, k, v or out
    const scores = (4 * 12 * 1024 ** 2) / 1e6;
    expect(megabytes("rows")).toBeCloseTo(2 * once * 1024 + 2 * once, 9);
    expect(megabytes("twoPass")).toBeCloseTo(3 * once * 1024 + 2 * once, 9);
    expect(megabytes("naive")).toBeCloseTo(4 * scores + 4 * once, 9);
    expect(megabytes("flash")).toBeCloseTo((2 * once * 1024) / 64 + 2 * once, 9);
    expect(attentionWork(attentionCase({ batch: "q1k", heads: "12x64" })).bytes / 1e6).toBeCloseTo(4 * once, 9);
  });

  test("splitK reads the cache once for the query heads of a group, and its parts twice", () => {
    const [keys, query] = [(4 * 2 * 8 * 2048 * 64) / 1e6, (4 * 32 * 64) / 1e6];
    const splits = 8;
    const parts = (4 * 32 * splits * (64 + 2)) / 1e6;
    expect(megabytes("splitK", "q1s2k", "32/8x64", "causal")).toBeCloseTo(keys + splits * query + 2 * parts + query, 9);
  });

  test("a window's tiles end with it", () => {
    // 64 queries a block, each block sees its own 64 keys and 15 before them; the first block sees none before.
    const width = 4 * 64 * 2;
    const expected = (width * (256 * 8 + 8 * (64 + 3 * (64 + 15)))) / 1e6;
    expect(megabytes("flash", "q256", "8x64", "sliding-window:16")).toBeCloseTo(expected, 9);
  });
});
