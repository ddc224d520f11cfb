import type { CaseText } from "./plan.ts";

/**
 * The cases that are measured where none is named: prefills, masks, head structures, decode steps and batches of
 * unequal sequences, small enough that a software adapter ends in three minutes.
 */
export const standardCases: readonly CaseText[] = [
  { batch: "q128" },
  { batch: "q256", mask: "full" },
  { batch: "q256" },
  { batch: "q512" },
  { batch: "q256", mask: "sliding-window:64" },
  { batch: "q113s211", heads: "3x80" },
  { batch: "q256", heads: "4x128" },
  { batch: "q256", model: "Qwen2.5-0.5B" },
  { batch: "q64s512", model: "GPT-2" },
  { batch: "q1s1k", model: "Llama-3.2-1B" },
  { batch: "q1s4k", model: "Llama-3.2-1B" },
  { batch: "8q1s512", heads: "32/8x64" },
  { batch: "q1s1k", model: "Gemma-2-2B" },
  { batch: "q128_4q1s512", heads: "8/2x64" },
];
