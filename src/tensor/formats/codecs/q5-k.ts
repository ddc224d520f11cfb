import { sixBitSteps } from "./six-bit-steps.ts";

/** ggml's Q5_K: integers of 5 bits, a scale and a minimum of six bits for each 32, and two numbers of f16 for each 256. */
export const q5_k = sixBitSteps("q5_k", 13, 5, { highest: 31, from: -0.5, trials: 15, least: "squares" });
