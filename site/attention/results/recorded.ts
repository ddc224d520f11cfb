import type { BenchResult } from "../../../bench/result.ts";
import gradients from "../../../bench/results/attention-backward-llvmpipe.json";
import file from "../../../bench/results/llvmpipe.json";

/** A run measured earlier, which the page shows until it has its own. */
export const recorded = file as unknown as BenchResult;
/** The same for gradients. */
export const recordedGradients = gradients as unknown as BenchResult;
