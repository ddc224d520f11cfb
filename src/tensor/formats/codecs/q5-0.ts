import { signedBlocks } from "./signed-blocks.ts";

/** ggml's Q5_0: integers of 5 bits, −16 to 15, a scale of f16 for each 32. */
export const q5_0 = signedBlocks("q5_0", 6, 5);
