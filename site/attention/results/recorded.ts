import type { BenchResult } from "../../../bench/result.ts";
import gradients from "../../../bench/results/attention-backward-llvmpipe.json";
import file from "../../../bench/results/llvmpipe.json";

/** A run that was measured before, which the page shows until it has one of its own. */
export const recorded = file as unknown as BenchResult;
/** The same of gradients. */
export const recordedGradients = gradients as unknown as BenchResult;
