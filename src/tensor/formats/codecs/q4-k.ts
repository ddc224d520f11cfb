import { sixBitSteps } from "./six-bit-steps.ts";

/** ggml's Q4_K: integers of 4 bits, a scale and a minimum of six bits for each 32, and two numbers of f16 for each 256. */
export const q4_k = sixBitSteps("q4_k", 12, 4, { highest: 15, from: -1, trials: 20, least: "squares" });
