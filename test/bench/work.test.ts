import { describe, expect, test } from "vitest";
import { attentionCase, type CaseText } from "../../bench/attention/case.ts";
import { maskForms, parseMask } from "../../bench/attention/inputs/masks.ts";
import { modelledBytes } from "../../bench/attention/traffic.ts";
import { attentionWork, liveKeys } from "../../bench/attention/work.ts";
import { attention, placeholder } from "../../src/index.ts";
import { tuning } from "../../src/kernels/tuning.ts";
import { testGpu } from "../support/devices/gpu.ts";

/** Counts pairs one by one, and the keys that some query sees. */
function counted(mask: string, b: number, t: number, s: number): { pairs: number; keys: number } {
  const visible = parseMask(mask).reference({ b, h: 1, t, s });
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
  "block-diffusion": ":12:5",
  neighbourhood: ":20:6",
  "neighbourhood-2d": ":4:6:3:4",
  "sliding-tile": ":3:2:4:1:2",
  "block-sparse": ":4:40",
  boolean: ":30",
};
const masks = maskForms.map((form) => {
  const [name = "", ...words] = form.replace(/\[.*/, "").split(":");
  return name + (numbers[name] ?? words.map(() => ":6").join(""));
});

/** Bytes of a mask's tensors: u32 for each position, block, sequence or pair. */
const maskBytes = (mask: string, b: number, t: number, s: number): number =>
  ({
    document: 4 * b * s,
    "shared-prefix": 4 * b * s,
    "block-sparse": 4 * Math.ceil(s / 4) ** 2,
    "key-padding": 4 * 2 * b,
    boolean: 4 * t * s,
  })[mask.split(":")[0] ?? ""] ?? 0;

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
    expect(work.bytes).toBe(4 * (b * t * 6 + keys * 2) * (8 + 12) + maskBytes(mask, b, t, s));
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

describe("what is stored", () => {
  const work = (words: Partial<CaseText>) =>
    attentionWork(attentionCase({ batch: "3q2s100", heads: "6/2x32-64", ...words }));
  const queries = 4 * 3 * 2 * 6 * (32 + 64);

  test.each([
    ["f32", 4 * 96],
    ["f16", 2 * 96],
    ["bf16", 2 * 96],
    ["int8", 96 + 4 + 4],
    ["int4", 96 / 2 + 4 + 8],
  ])("%s: %i bytes of a token and head", (dtype, bytes) => {
    expect(work({ dtype }).bytes).toBe(queries + 3 * 100 * 2 * bytes);
    expect(work({ dtype }).kvBytesPerToken).toBe(2 * bytes);
    expect(work({ dtype }).flops).toBe(work({}).flops);
  });

  test("pages are as many entries of a table, ragged sequences two lists of offsets", () => {
    const { bytes } = work({});
    expect(work({ layout: "paged:16" }).bytes).toBe(bytes + 4 * 3 * 7);
    expect(work({ layout: "paged:16", mask: "sliding-window:30" }).bytes).toBe(
      queries + 4 * 3 * (31 * 2 * 96 + 3), // 31 keys from the 70th on, in pages 4, 5 and 6
    );
    expect(work({ layout: "ragged" }).bytes).toBe(bytes + 4 * 2 * 4);
  });

  test.each(["ring:40", "ring:40:3", "ring"])("%s has lost the keys between", (layout) => {
    const [slots, sinks] = layout === "ring" ? [50, 0] : [40, layout === "ring:40" ? 0 : 3];
    let [pairs, seen] = [0, 0];
    for (let key = 0; key < 100; key++) {
      if (key >= sinks && key < 100 - (slots - sinks)) continue;
      seen++;
      for (const query of [98, 99]) if (key <= query) pairs++;
    }
    const { livePairs, bytes, flopsFlashAttention } = work({ layout });
    expect(livePairs).toBe(3 * 6 * pairs);
    expect(bytes).toBe(queries + 4 * 3 * seen * 2 * 96);
    expect(flopsFlashAttention).toBeNull();
  });

  test("a common prefix is moved once", () => {
    expect(work({ layout: "prefix:60" }).bytes).toBe(queries + 4 * (60 + 3 * 40) * 2 * 96);
  });

  test("scores have slopes, tables and biases; a bias has an element for each visible pair", () => {
    const { bytes, livePairs } = work({});
    expect(work({ score: "softcap:3" }).bytes).toBe(bytes);
    expect(work({ score: "alibi" }).bytes).toBe(bytes + 4 * 6);
    expect(work({ score: "relative-bias:20+head-bias" }).bytes).toBe(bytes + 4 * 6 * 20 + 4 * 6);
    expect(work({ score: "softcap:3+bias" }).bytes).toBe(bytes + (4 * (livePairs ?? 0)) / 3);
  });

  test("latents: 576 numbers a token for all heads, and the weight", () => {
    const { bytes, kvBytesPerToken } = work({ batch: "q2s100", model: "DeepSeek-V3", heads: "6x192-128" });
    expect(kvBytesPerToken).toBe(61 * 576 * 4);
    expect(bytes).toBe(4 * (2 * 6 * (192 + 128) + 100 * 576 + 6 * (128 + 128) * 512));
  });
});

test("keys between the first and the last that some queries see", () => {
  const mask = parseMask("sliding-window:4").reference({ b: 1, h: 1, t: 10, s: 30 });
  expect(liveKeys(mask, 10, 30, 0, 0)).toBe(4);
  expect(liveKeys(mask, 10, 30, 2, 5)).toBe(7);
  expect(liveKeys(parseMask("causal").reference({ b: 1, h: 1, t: 10, s: 4 }), 10, 4, 0, 5)).toBe(0);
});

describe("modelled bytes", async () => {
  const plain = await testGpu({ features: [] });
  const whole = await testGpu();
  type Name = keyof typeof attention.variants;

  /** Megabytes of a variant at S = 1024, full, or as `batch` says. */
  function megabytes(variant: Name, batch = "q1k", heads = "12x64", mask = "full", gpu = plain): number {
    const given = attentionCase({ batch, heads, mask });
    const [group] = given.batch.groups;
    if (!group) throw new Error("there is no group");
    const { count: b, t, s } = group;
    const { h, g, d } = given.heads;
    const q = placeholder(gpu, [b, h, t, d], "f32", "q");
    const k = placeholder(gpu, [b, g, s, d], "f32", "k");
    const v = placeholder(gpu, [b, g, s, d], "f32", "v");
    const program = gpu.record(() =>
      attention(gpu, { q, k, v }, { variant, mask: given.mask.make(gpu, group && { b, h: given.heads.h, t, s }) }),
    );
    const [call] = program.calls;
    if (!call) throw new Error("nothing was called");
    const rows = { k: 4 * d, v: 4 * d };
    return (
      (modelledBytes(call, {
        group,
        heads: given.heads,
        rows,
        mask: given.mask.reference({ b, h: given.heads.h, t, s }),
      }) ?? Number.NaN) / 1e6
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
    expect(megabytes("flashPlain", "q1k", "12x64", "causal")).toBe(megabytes("flash", "q1k", "12x64", "causal"));
    expect(attentionWork(attentionCase({ batch: "q1k", heads: "12x64" })).bytes / 1e6).toBeCloseTo(4 * once, 9);
  });

  test.skipIf(!whole.features.has("subgroups"))("in subgroups, blocks have 8 rows", () => {
    const once = (4 * 12 * 1024 * 64) / 1e6;
    const found = megabytes("subgroups", "q1k", "12x64", "full", whole);
    expect(found).toBeCloseTo((2 * once * 1024) / 8 + 2 * once, 9);
    expect(megabytes("splitSubgroups", "q1s2k", "32/8x64", "causal", whole)).toBeGreaterThan(
      (4 * 2 * 8 * 2048 * 64) / 1e6,
    );
  });

  test("splitK reads the cache once for the query heads of a group, and its parts twice", () => {
    const [keys, query] = [(4 * 2 * 8 * 2048 * 64) / 1e6, (4 * 32 * 64) / 1e6];
    const splits = 2048 / (64 * tuning(plain).splitKThreadKeys); // a pass of a workgroup each
    const parts = (4 * 32 * splits * (64 + 2)) / 1e6;
    expect(megabytes("splitK", "q1s2k", "32/8x64", "causal")).toBeCloseTo(keys + splits * query + 2 * parts + query, 9);
  });

  test("packed reads the cache once for as many of a group's heads as a block has rows", () => {
    const [keys, queries] = [(4 * 2 * 2048 * 64) / 1e6, (4 * 4 * 32 * 2 * 64) / 1e6];
    expect(megabytes("flash", "q4s2k", "32/8x64", "full")).toBeCloseTo(32 * keys + queries, 9);
    expect(megabytes("packed", "q4s2k", "32/8x64", "full")).toBeCloseTo(8 * keys + queries, 9);
  });

  test("a window's tiles end with it", () => {
    // 64 queries a block, each block sees its own 64 keys and 15 before them; the first block sees none before.
    const width = 4 * 64 * 2;
    const expected = (width * (256 * 8 + 8 * (64 + 3 * (64 + 15)))) / 1e6;
    expect(megabytes("flash", "q256", "8x64", "sliding-window:16")).toBeCloseTo(expected, 9);
  });
});
