// Attention over the states of an encoder: additive scores, their gradients, and what stands past the end of a row.
import maskLengths from "#shaders/alignment/mask-lengths.wgsl";
import scores from "#shaders/alignment/scores.wgsl";
import scoresBackward from "#shaders/alignment/scores-backward.wgsl";
import { floats, randomWords, words } from "../dispatch.ts";
import { fixed, type StudyKernel } from "../kernel.ts";

// Two rows of three queries and five keys, of two vectors each.
const [b, t, s, a] = [2, 3, 5, 8];
const constants = { WORKGROUP: 4 } as const;

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  fixed(scores, {
    constants,
    uniforms: { params: { b, t, s, width: a / 4 } },
    inputs: { query: floats(b * t * a), keys: floats(b * s * a), v: floats(a) },
    outputs: { scores: b * t * s },
    workgroups: [8, 1, 1],
  }),
  fixed(scoresBackward, {
    constants,
    uniforms: { params: { b, n: s, m: t, width: a / 4, own: 1, other: s } }, // of the keys
    inputs: {
      x: floats(b * s * a),
      others: floats(b * t * a),
      v: floats(a),
      dscores: floats(b * t * s),
    },
    outputs: { dx: b * s * a, shares: b * s * a },
    workgroups: [5, 1, 1],
  }),
  fixed(maskLengths, {
    constants,
    uniforms: { params: { b, n: s, m: t, value: 0 } },
    inputs: { x: randomWords(b * s * t), lengths: words(3, 5) },
    outputs: { y: b * s * t },
    workgroups: [8, 1, 1],
  }),
];
