import type { CaseText } from "./case.ts";
import { cacheFormats } from "./inputs/formats.ts";

/** Prefills are compared with these; slow ones are left out of later cases. */
const prefill = ["naive", "flash", "packed", "blocks", "subgroups"];
const decode = ["rows", "flash", "packed", "splitK", "splitSubgroups"];

/**
 * The default cases: prefills, decode steps, and at least one of each kind of mask, score, layout, type and head
 * structure, small enough for a software adapter to finish in three minutes.
 */
export const standardCases: readonly CaseText[] = [
  // Every variant and every algorithm, on a prefill and on a decode step.
  { batch: "q128", heads: "4x64" },
  {
    batch: "q1s1k",
    model: "Llama-3.2-1B",
    variants: ["naive", "rows", "twoPass", "packed", "splitK", "splitSubgroups", "linear"],
  },
  // Prefills: lengths, masks, widths, heads per group.
  { batch: "q512", heads: "4x64", variants: ["flash", "blocks", "linear"] },
  { batch: "q256", heads: "4x64", mask: "sliding-window:64", variants: prefill },
  { batch: "q256", heads: "4x64", mask: "block-sparse:64:25", variants: prefill },
  { batch: "q113s211", heads: "3x80", variants: ["naive", "flash"] },
  { batch: "q128", model: "Qwen2.5-0.5B", variants: ["flash", "packed"] },
  { batch: "q64s256", model: "GPT-2", score: "alibi", variants: ["naive", "flash"] },
  { batch: "q64", heads: "4x64", mask: "prefix:16", score: "softcap:20+bias", variants: ["naive", "flash"] },
  // Decode steps: caches in pages, a ring, halves and integers.
  { batch: "q1s512", model: "Gemma-2-2B", variants: ["rows", "splitK"] },
  { batch: "4q1s512", heads: "8/2x64", layout: "paged:16", variants: decode },
  { batch: "4q1s512", heads: "8/2x64", layout: "ring:256:4", mask: "sink-window:4:200", variants: ["rows", "splitK"] },
  ...cacheFormats.slice(1).map((dtype) => ({
    batch: "4q1s512",
    heads: "8/2x64",
    dtype,
    variants: ["rows", "splitK"],
  })),
  { batch: "4q1s512", heads: "8/2x64", dtype: "int8", layout: "paged:64", variants: ["splitK"] },
  // Batches: sequences of different lengths, in several calls and in one; with a common prefix.
  { batch: "q64_4q1s256", heads: "8/2x64", variants: ["flash", "splitK"] },
  { batch: "q64_4q1s256", heads: "8/2x64", layout: "ragged", variants: ["flash", "splitK"] },
  { batch: "8q1s512", heads: "8/2x64", layout: "prefix:448", variants: ["packed", "splitK", "cascade"] },
  // DeepSeek's latents with an eighth of its heads: a prefill and a decode step, each in both forms.
  { batch: "q32", model: "DeepSeek-V3", heads: "16x192-128" },
  { batch: "q1s256", model: "DeepSeek-V3", heads: "16x192-128" },
];
