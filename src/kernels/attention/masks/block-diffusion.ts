import part from "#shaders/attention/masks/block-diffusion.wgsl";
import { defineMask } from "../records/mask-record.ts";
import { choice, count, type Values } from "../records/parameters.ts";

const parameters = { tokens: count(128), size: count(16), form: choice("training", "generation") } as const;

/**
 * Block diffusion (BD3-LM, Arriola et al. 2025, section 3): positions 0 to `tokens` − 1 are noised tokens, the next
 * `tokens` the same ones clean, both in blocks of `size`. A noised query sees its own noised block and the clean blocks
 * before it, a clean query the clean blocks up to its own. In the form "generation" there are only the clean ones: a
 * query sees its own block and all before. Default "training".
 */
export const blockDiffusion = defineMask({
  name: "block-diffusion",
  part,
  parameters,
  params: (mask) => ({ tokens: mask.tokens, size: mask.size, noised: noisedIn(mask) }),
  closed: ({ form }) => form === "generation",
  range: (mask, first, last) => {
    const { tokens, size } = mask;
    const noised = noisedIn(mask);
    const [begin, end] = [Math.max(first, 0), Math.min(last + 1, noised + tokens)];
    if (begin >= end) return [0, 0];
    const before = Math.floor((Math.min(end, noised) - 1) / size) * size; // of the last noised query's block
    const ofNoised = before === 0 ? Math.min(size, noised) : noised + before;
    const ofClean = noised + Math.min(Math.ceil((end - noised) / size) * size, tokens);
    if (begin >= noised) return [noised, ofClean];
    return [Math.floor(begin / size) * size, end > noised ? Math.max(ofNoised, ofClean) : ofNoised];
  },
  count: ({ tokens, size }, query, keys) => {
    // In training: the form "generation" is closed.
    if (query < 0 || query >= 2 * tokens) return 0;
    const block = Math.floor((query % tokens) / size) * size;
    const end = Math.min(block + size, tokens);
    const clean = Math.max(0, Math.min(keys - tokens, query < tokens ? block : end));
    return query < tokens ? clean + Math.max(0, Math.min(keys, end) - block) : clean;
  },
  examples: ({ s, unit }) => ({
    "block diffusion": { tokens: Math.ceil(s / 2), size: unit },
    "block diffusion, generation": { tokens: s - 2, size: unit + 1, form: "generation" },
  }),
});

/** Positions of the noised half. */
const noisedIn = ({ tokens, form }: Values<typeof parameters>) => (form === "generation" ? 0 : tokens);
