import { describe, expect, test } from "vitest";
import { attentionCase, type CaseText, caseName } from "../../bench/attention/case.ts";
import { commandOf } from "../../bench/attention/command.ts";
import { parseHeads } from "../../bench/attention/inputs/heads.ts";
import { parseLayout } from "../../bench/attention/inputs/layouts.ts";
import { maskForms, parseMask, usualMasks } from "../../bench/attention/inputs/masks.ts";
import { parseScore, scoreForms, usualScores } from "../../bench/attention/inputs/scores.ts";
import { findPreset, presets } from "../../bench/attention/presets.ts";
import { standardCases } from "../../bench/attention/standard-cases.ts";
import { parseSubject, subjectsFor } from "../../bench/attention/subjects.ts";
import { findSweep, sweeps } from "../../bench/attention/sweeps.ts";
import { attentionWork } from "../../bench/attention/work.ts";
import { standardTiming } from "../../bench/harness/timing.ts";
import { maskRecords, scoreRecords } from "../../src/check/attention-records.ts";
import { alibiSlopes, attention } from "../../src/index.ts";
import type { MaskDescription } from "../../src/reference/described.ts";

test("heads", () => {
  expect(parseHeads("32/8x64")).toEqual({ text: "32/8x64", h: 32, g: 8, d: 64, dv: 64 });
  expect(parseHeads("8/8x64")).toEqual({ text: "8x64", h: 8, g: 8, d: 64, dv: 64 });
  expect(parseHeads("16x192-128")).toEqual({ text: "16x192-128", h: 16, g: 16, d: 192, dv: 128 });
  expect(() => parseHeads("32/7x64")).toThrow("32 query heads do not divide among 7 key and value heads");
  expect(() => parseHeads("0x64")).toThrow('heads are "0x64", expected 1 or more of each');
  expect(() => parseHeads("8/0x64")).toThrow("expected 1 or more of each");
  expect(() => parseHeads("8*64")).toThrow('heads are "8*64", expected for example 8x64');
});

test("masks", () => {
  expect(parseMask("sliding-window:4k").text).toBe("sliding-window:4096");
  expect(() => parseMask("diagonal")).toThrow(
    /there is no mask "diagonal"; there are full, causal, sliding-window:keys/,
  );
  expect(() => parseMask("constructor")).toThrow(/there is no mask "constructor"/);
  expect(() => parseMask("sliding-window")).toThrow('mask is "sliding-window", expected "sliding-window:keys"');
  expect(() => parseMask("causal:3")).toThrow('mask is "causal:3", expected "causal"');
  expect(() => parseMask("sliding-window:0")).toThrow('mask "sliding-window:0": keys is "0", expected a count of 1 or');
  expect(parseMask("sink-window:0:8").text).toBe("sink-window:0:8");
});

test("masks joined: what all of them show", () => {
  const mask = parseMask("causal+block-sparse:4:100+sliding-window:3");
  expect(mask.text).toBe("causal+block-sparse:4:100+sliding-window:3");
  const seen = mask.reference({ b: 1, h: 1, t: 10, s: 10 });
  expect([3, 4, 5, 6, 7, 8].map((key) => seen(0, 0, 7, key))).toEqual([false, false, true, true, true, false]);
  expect(mask.convention).toBeNull();
  expect(() => parseMask("causal+")).toThrow('there is no mask ""');
  expect(() => parseMask("causal+local:1")).toThrow('mask is "causal+local:1", expected "local:left:right"');
});

test("every kind of mask and of score that attention has can be written", () => {
  expect(usualMasks.map(({ name }) => name)).toEqual([...maskRecords.keys()]);
  for (const { text } of usualMasks) expect(parseMask(text).text).toBe(text);
  expect(usualScores.map((text) => text.split(":")[0])).toEqual([...scoreRecords.keys()]);
  for (const text of usualScores) expect(parseScore(text).text).toBe(text);
  expect(maskForms).toContain("fixed:stride:summary[:set=merged|1|2][:definition=paper|code][:turns=n]");
  expect(scoreForms).toEqual([
    ...[
      "none",
      "softcap:cap",
      "alibi[:convention=distance|difference]",
      "relative-bias:distances",
      "signed-relative-bias:reach",
      "bias",
      "head-bias",
    ],
  ]);
});

test("parameters by their names, and those that may be left out", () => {
  const text = (mask: string) => parseMask(mask).text;
  expect(text("sliding-window:keys=4k")).toBe("sliding-window:4096");
  expect(text("sink-window:keys=8:sinks=2")).toBe("sink-window:2:8");
  expect(text("fixed:summary=2:8:turns=4")).toBe("fixed:8:2:turns=4");
  expect(text("strided:16:definition=code:set=2")).toBe("strided:16:set=2:definition=code");
  expect(parseScore("alibi:convention=difference").text).toBe("alibi:convention=difference");
  const seen = (mask: string, head: number) =>
    Array.from({ length: 8 }, (_, key) => +parseMask(mask).reference({ b: 1, h: 2, t: 1, s: 9 })(0, head, 8, key)).join(
      "",
    );
  expect(seen("strided:4:set=2", 0)).toBe("10001000");
  expect([0, 1].map((head) => seen("fixed:4:1:turns=2", head))).toEqual(["00010001", "00100010"]);
  expect(() => parseMask("strided:16:set=3")).toThrow('mask "strided:16:set=3": set is "3", expected merged or 1 or 2');
  for (const wrong of [
    "strided:16:2",
    "strided:16:set",
    "strided:16:step=2",
    "strided:16:set=1:set=2",
    "strided:set=1",
  ]) {
    expect(() => parseMask(wrong), wrong).toThrow(
      `mask is "${wrong}", expected "strided:stride[:set=merged|1|2][:definition=paper|code]"`,
    );
  }
});

test("where heads see different keys, the pairs and keys of each are counted", () => {
  expect(parseMask("fixed:4:1").byHead).toBe(false);
  expect(parseMask("fixed:4:1:turns=2").byHead).toBe(true);
  expect(attentionWork(attentionCase({ batch: "q10", mask: "fixed:4:1:turns=2", heads: "2x4" })).livePairs).toBe(
    2 * 31,
  );
  // Head h sees h + 1 keys; the key heads have two query heads each, which see 2 and 4 of the last 4 keys.
  const window: MaskDescription = {
    kind: "custom",
    wgsl: "fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool { return i32(q) >= i32(k) && i32(q) - i32(k) <= i32(h); }",
    twin: (_b, h, q, k) => q >= k && q - k <= h,
  };
  const own = { masks: new Map([["./mine.mjs:window", window]]), scores: new Map() };
  const work = attentionWork(attentionCase({ batch: "q1s9", heads: "4/2x4", mask: "./mine.mjs:window" }, own));
  expect(work.livePairs).toBe(1 + 2 + 3 + 4);
  expect(work.bytes).toBe(4 * 2 * (4 * 4) + 4 * 2 * 4 * (2 + 4));
});

describe("scores", () => {
  const shape = { b: 1, h: 4, t: 2, s: 9 };

  test("one, or several one after the other", () => {
    expect(
      parseScore("softcap:30")
        .at(shape)
        .make(null as never),
    ).toEqual({ kind: "softcap", cap: 30 });
    expect(parseScore("softcap:30+alibi").text).toBe("softcap:30+alibi");
    const capped = parseScore("softcap:2+alibi").at(shape).reference;
    const slope = alibiSlopes(4)[1] ?? 0;
    expect(capped(5, 0, 1, 8, 3)).toBeCloseTo(2 * Math.tanh(5 / 2) - slope * 5, 12);
    const added = parseScore("alibi+softcap:2").at(shape).reference;
    expect(added(5, 0, 1, 8, 3)).toBeCloseTo(2 * Math.tanh((5 - slope * 5) / 2), 12);
  });

  test("each changes some pairs as it says, and its twin in f32 is close but not equal", () => {
    for (const text of [
      "softcap:2",
      "alibi",
      "relative-bias:4",
      "signed-relative-bias:4",
      "bias",
      "head-bias",
      "softcap:3+bias",
    ]) {
      const { reference, emulation } = parseScore(text).at(shape);
      const values = Array.from({ length: 9 }, (_, key) => {
        const [exact = 0, rounded = 0] = [reference, emulation].map((of) => of(0.7 + key / 10, 0, 2, 8, key));
        expect(rounded, text).toBe(Math.fround(rounded));
        expect(Math.abs(rounded - exact), text).toBeLessThan(1e-6);
        return exact - (0.7 + key / 10);
      });
      expect(
        values.some((value) => Math.abs(value) > 1e-3),
        text,
      ).toBe(true);
    }
  });

  test("invalid texts", () => {
    expect(() => parseScore("softcap:0")).toThrow("with a cap above 0");
    expect(() => parseScore("softcap")).toThrow('score is "softcap", expected "softcap:cap"');
    expect(() => parseScore("alibi:3")).toThrow(
      'score is "alibi:3", expected "alibi[:convention=distance|difference]"',
    );
    expect(() => parseScore("relative-bias:0")).toThrow("distances is");
    expect(() => parseScore("none+alibi")).toThrow("none cannot be joined with others");
    expect(() => parseScore("cosine")).toThrow(/there is no score "cosine"; there are none, softcap:cap, alibi, /);
  });
});

test("layouts", () => {
  const texts = ["contiguous", "ragged", "paged", "paged:128", "ring", "ring:64", "ring:64:4", "prefix:1k"];
  expect(texts.map((text) => parseLayout(text).text)).toEqual([
    ...["contiguous", "ragged", "paged:16", "paged:128", "ring", "ring:64", "ring:64:4", "prefix:1024"],
  ]);
  expect(() => parseLayout("paged:24")).toThrow("pages of 24, expected a power of two");
  expect(() => parseLayout("paged:0")).toThrow('size is "0", expected a count of 1 or more');
  expect(() => parseLayout("ring:4:4")).toThrow("4 sinks leave none of 4 slots for the ring");
  expect(() => parseLayout("prefix")).toThrow('keys is ""');
  expect(() => parseLayout("ragged:3")).toThrow('layout is "ragged:3", expected "ragged"');
  expect(() => parseLayout("striped")).toThrow(
    /there is no layout "striped"; there are contiguous, paged\[:size\], ring\[:slots\]\[:sinks\], ragged, prefix:keys/,
  );
});

test("variants, algorithms, types", () => {
  for (const name of [...Object.keys(attention.variants), "linear", "cascade", "expanded", "ring:3"]) {
    expect(parseSubject(name).name).toBe(name);
  }
  expect(parseSubject("ring").name).toBe("ring:4");
  expect(() => parseSubject("ring:0")).toThrow(/there is no variant "ring:0"/);
  expect(() => parseSubject("flush")).toThrow(/there is no variant "flush"; there are naive, rows, .*linear, cascade/);
  expect(() => attentionCase({ batch: "q8", dtype: "f8" })).toThrow(
    'there is no dtype "f8"; there are f32, f16, bf16, int8, int4',
  );
});

test("a case that cannot be stored has a reason", () => {
  const missing = (words: Partial<CaseText>) => attentionCase({ batch: "q8s64", ...words }).missing;
  expect(missing({ dtype: "int4", heads: "2x80" })).toBe("int4 takes heads of multiples of 32, not 80");
  expect(missing({ layout: "ring:4" })).toBe("ring:4 has lost keys that 8 queries would see");
  expect(missing({ layout: "prefix:57" })).toMatch(/^a prefix of 57 keys leaves no room for 8 queries/);
  expect(missing({ model: "DeepSeek-V3", dtype: "int8" })).toBe("latents are stored as f32, not int8");
  expect(missing({ model: "DeepSeek-V3", layout: "paged" })).toBe("latents are contiguous, not paged:16");
  expect(missing({ model: "DeepSeek-V3", heads: "8/2x192-128" })).toMatch(/every query head has separate keys/);
  expect(missing({ model: "DeepSeek-V3", heads: "8x64" })).toMatch(/expected a part from the latent/);
  for (const layout of ["ragged", "paged:4", "ring:16", "prefix:56"]) expect(missing({ layout })).toBeUndefined();
});

test("by default, everything that applies to the case is measured", () => {
  const names = (words: Partial<CaseText>) =>
    subjectsFor(attentionCase({ batch: "2q8s64", ...words })).map(({ name }) => name);
  const table = Object.keys(attention.variants);
  expect(names({})).toEqual([...table, "linear", "ring:4"]);
  expect(names({ mask: "sliding-window:4" })).toEqual(table);
  expect(names({ score: "alibi" })).toEqual(table);
  expect(names({ layout: "paged" })).toEqual(table);
  expect(names({ layout: "prefix:8" })).toEqual([...table, "cascade"]);
  expect(names({ model: "DeepSeek" })).toEqual(["expanded", "absorbed"]);
  expect(names({ variants: ["flash", "ring:2"] })).toEqual(["flash", "ring:2"]);
});

describe("models", () => {
  // Bytes of a token in a cache of f16, as the models' papers and cards have them; the cache here is f32.
  test.each([
    ["GPT-2", 36_864],
    ["Qwen2.5-0.5B", 12_288],
    ["Llama-3.2-1B", 32_768],
    ["Llama-3.1-8B", 131_072],
    ["Mixtral-8x7B", 131_072],
    ["DeepSeek-V3", 70_272],
  ])("%s takes %i bytes of cache a token in f16", (model, bytes) => {
    expect(attentionWork(attentionCase({ batch: "q1s16", model })).kvBytesPerToken).toBe(2 * bytes);
  });

  test("names may be shortened, where one model is left", () => {
    expect(findPreset("mixtral")[0]).toBe("Mixtral-8x7B");
    expect(() => findPreset("Llama")).toThrow('"Llama" could be several models; there are Llama-3.2-1B, Llama-3.1-8B');
    expect(() => findPreset("BERT")).toThrow(/there is no model "BERT"; there are GPT-2, /);
    expect(() => findPreset("")).toThrow(/there is no model|could be several/);
  });

  test("a model sets heads, mask and score, and named ones override them", () => {
    const gemma = attentionCase({ batch: "q8", model: "gemma" });
    expect([gemma.heads.text, gemma.mask.text, gemma.score.text]).toEqual([
      "8/4x256",
      "sliding-window:4096",
      "softcap:50",
    ]);
    expect(attentionCase({ batch: "q8", model: "gemma", heads: "4x32" }).heads.text).toBe("4x32");
    const latents = attentionCase({ batch: "q8", model: "DeepSeek-V3" });
    expect([latents.layout.text, latents.latent]).toEqual(["latent", { rank: 512, rope: 64 }]);
    for (const name of Object.keys(presets)) expect(() => attentionCase({ batch: "q8", model: name })).not.toThrow();
  });
});

test("the standard set and the sweeps are made of cases that exist", () => {
  const cases = standardCases.map((words) => attentionCase(words));
  expect(new Set(cases.map((given) => `${caseName(given)} ${given.model}`)).size).toBe(cases.length);
  for (const words of standardCases) {
    const given = attentionCase(words);
    expect(given.missing).toBeUndefined();
    expect(subjectsFor(given).length).toBeGreaterThan(0);
  }
  for (const sweep of Object.values(sweeps)) {
    for (const software of [true, false]) {
      const cases = sweep.cases({ software }).map((words) => attentionCase(words));
      expect(cases.length).toBeGreaterThan(3);
      for (const name of sweep.subjects?.({ software }) ?? []) parseSubject(name);
    }
  }
  const tokens = findSweep("tokens").cases({ software: false, tokens: 16384, heads: "32x64", mask: "causal" });
  expect(tokens.map(({ batch }) => batch)).toEqual(["32q512", "16q1k", "8q2k", "4q4k", "2q8k", "q16k"]);
  expect(() => findSweep("everything")).toThrow(/there is no sweep "everything"; there are tokens, /);
});

test("the command of a row measures the same case with the same variant", () => {
  const flags = { masks: "mask", scores: "score", layouts: "layout", heads: "heads", dtype: "dtype", model: "model" };
  const plan = { cases: [], timing: standardTiming, clock: "wall" as const, peaks: true, commandOptions: [] };
  for (const words of standardCases) {
    const given = attentionCase(words);
    const command = commandOf(given, { ...plan, rotateBytes: 1 }, "splitK:4");
    const [, batch = "", ...options] = /^node dist\/cli\.js bench attention (\S+) (.*) --rotate$/.exec(command) ?? [];
    const named = Object.fromEntries(
      [...(options[0] ?? "").matchAll(/--(\S+) (\S+)/g)].map(([, name, text]) => [name, text]),
    );
    expect(named["variants"]).toBe("splitK:4");
    const again = Object.entries(flags).map(([flag, field]) => [field, named[flag]]);
    const same = attentionCase({ batch, ...Object.fromEntries(again) });
    expect([caseName(same), same.model]).toEqual([caseName(given), given.model]);
  }
});
