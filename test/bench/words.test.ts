import { describe, expect, test } from "vitest";
import { parseHeads } from "../../bench/attention/heads.ts";
import { maskKinds, parseMask } from "../../bench/attention/masks.ts";
import { attentionCase } from "../../bench/attention/plan.ts";
import { findPreset, presets } from "../../bench/attention/presets.ts";
import { parseScore } from "../../bench/attention/scores.ts";
import { standardCases } from "../../bench/attention/standard.ts";
import { parseSubject } from "../../bench/attention/subjects.ts";
import { findSweep, sweeps } from "../../bench/attention/sweeps.ts";
import { attentionWork } from "../../bench/attention/work.ts";
import { attention } from "../../src/index.ts";

test("heads", () => {
  expect(parseHeads("32/8x64")).toEqual({ text: "32/8x64", h: 32, g: 8, d: 64, dv: 64 });
  expect(parseHeads("8/8x64")).toEqual({ text: "8x64", h: 8, g: 8, d: 64, dv: 64 });
  expect(parseHeads("16x192-128")).toEqual({ text: "16x192-128", h: 16, g: 16, d: 192, dv: 128 });
  expect(() => parseHeads("32/7x64")).toThrow("32 query heads do not divide among 7 key and value heads");
  expect(() => parseHeads("0x64")).toThrow('heads are "0x64", expected 1 or more of each');
  expect(() => parseHeads("8/0x64")).toThrow("expected 1 or more of each");
  expect(() => parseHeads("8*64")).toThrow('heads are "8*64", expected such as 8x64');
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

test("scores, variants, types", () => {
  expect(parseScore("softcap:30").score).toEqual({ kind: "softcap", cap: 30 });
  expect(() => parseScore("softcap:0")).toThrow("with a cap above 0");
  expect(() => parseScore("alibi")).toThrow('score is "alibi"');
  for (const name of Object.keys(attention.variants)) expect(parseSubject(name).name).toBe(name);
  expect(() => parseSubject("flush")).toThrow(/there is no variant "flush"; there are naive, rows, /);
  expect(() => attentionCase({ batch: "q8", dtype: "f8" })).toThrow(
    'there is no dtype "f8"; there are f32, f16, bf16, int8',
  );
  expect(attentionCase({ batch: "q8", dtype: "f16" }).missing).toMatch(/f16 are not there yet/);
});

describe("models", () => {
  // Bytes of a token in a cache of f16, as the models' papers and cards have them; the cache here is f32.
  test.each([
    ["GPT-2", 36_864],
    ["Qwen2.5-0.5B", 12_288],
    ["Llama-3.2-1B", 32_768],
    ["Llama-3.1-8B", 131_072],
    ["Mixtral-8x7B", 131_072],
  ])("%s takes %i bytes of cache a token in f16", (model, bytes) => {
    expect(attentionWork(attentionCase({ batch: "q1s16", model })).kvBytesPerToken).toBe(2 * bytes);
  });

  test("names may be shortened, where one model is left", () => {
    expect(findPreset("mixtral")[0]).toBe("Mixtral-8x7B");
    expect(() => findPreset("Llama")).toThrow('"Llama" could be several models; there are Llama-3.2-1B, Llama-3.1-8B');
    expect(() => findPreset("BERT")).toThrow(/there is no model "BERT"; there are GPT-2, /);
    expect(() => findPreset("")).toThrow(/there is no model|could be several/);
  });

  test("a model gives heads, mask and score, and what is named goes before it", () => {
    const gemma = attentionCase({ batch: "q8", model: "gemma" });
    expect([gemma.heads.text, gemma.mask.text, gemma.score.text]).toEqual([
      "8/4x256",
      "sliding-window:4096",
      "softcap:50",
    ]);
    expect(attentionCase({ batch: "q8", model: "gemma", heads: "4x32" }).heads.text).toBe("4x32");
    expect(attentionCase({ batch: "q8", model: "DeepSeek-V3" }).missing).toMatch(/latent/);
    for (const name of Object.keys(presets)) expect(() => attentionCase({ batch: "q8", model: name })).not.toThrow();
  });
});

test("the standard set and the sweeps are made of cases that exist", () => {
  for (const words of standardCases) expect(attentionCase(words).missing).toBeUndefined();
  for (const sweep of Object.values(sweeps)) {
    for (const software of [true, false]) {
      const cases = sweep.cases({ software }).map(attentionCase);
      expect(cases.length).toBeGreaterThan(3);
      for (const name of sweep.subjects?.({ software }) ?? []) parseSubject(name);
    }
  }
  const tokens = findSweep("tokens").cases({ software: false, tokens: 16384, heads: "32x64", mask: "causal" });
  expect(tokens.map(({ batch }) => batch)).toEqual(["32q512", "16q1k", "8q2k", "4q4k", "2q8k", "q16k"]);
  expect(() => findSweep("everything")).toThrow(/there is no sweep "everything"; there are tokens, /);
  expect(Object.keys(maskKinds).length).toBeGreaterThan(2);
});
