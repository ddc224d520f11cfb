import { rangeBlocks } from "./range-blocks.ts";

/** ggml's Q5_1: integers of 5 bits, 0 to 31, a scale and a minimum of f16 for each 32. */
export const q5_1 = rangeBlocks("q5_1", 7, 5);
