import { examplesOf, maskRecords, scoreRecords } from "../../../../src/check/attention-records.ts";
import { uploaded } from "../../../../src/check/named.ts";
import type { AttentionMask, AttentionScore, Gpu } from "../../../../src/index.ts";
import type { MaskDescription, ScoreDescription } from "../../../../src/reference/described.ts";

/** Masks of every form, and scores of every form. */
export function attentionForms(gpu: Gpu, [b, h, t, s]: readonly [number, number, number, number]) {
  const shape = { b, h, t, s, unit: 2 };
  const wgsl = {
    mask: "fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool { return k <= q; }",
    score: "fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return score; }",
  };
  const masks: AttentionMask[] = [
    ...Object.values(examplesOf<MaskDescription>(maskRecords, shape)).map((mask) => uploaded(gpu, mask)),
    { kind: "custom", wgsl: wgsl.mask, twin: (_b, _h, q, k) => k <= q },
    { and: ["causal", { kind: "chunked", keys: 4 }] },
    { or: ["causal", { kind: "chunked", keys: 4 }] },
  ];
  const scores: AttentionScore[] = [
    ...Object.values(examplesOf<ScoreDescription>(scoreRecords, shape)).map((score) => uploaded(gpu, score)),
    { kind: "custom", wgsl: wgsl.score, twin: (score) => score },
    [{ kind: "softcap", cap: 2 }],
  ];
  return { masks, scores };
}
