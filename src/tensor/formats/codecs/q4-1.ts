import { rangeBlocks } from "./range-blocks.ts";

/** ggml's Q4_1: integers of 4 bits, 0 to 15, a scale and a minimum of f16 for each 32. */
export const q4_1 = rangeBlocks("q4_1", 3, 4);
