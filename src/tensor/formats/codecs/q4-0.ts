import { signedBlocks } from "./signed-blocks.ts";

/** ggml's Q4_0: integers of 4 bits, −8 to 7, a scale of f16 for each 32. */
export const q4_0 = signedBlocks("q4_0", 2, 4);
