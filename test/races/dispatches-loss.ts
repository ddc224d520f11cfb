// Dispatches of the losses of training and their gradients.
import { type Dispatch, floats, positive, words } from "./dispatch.ts";

const target = { ignored: 9, smoothing: 0.1, z_loss: 0.01, cap: 1 };

/** Five rows of 24 columns, 22 of them tokens, one row ignored: two threads a row, two rows a workgroup. */
const shared = { constants: { WORKGROUP: 4, LANES: 2 }, workgroups: [3, 1, 1] } as const;
const wide = { params: { ...target, rows: 5, cols: 24, vocabulary: 22 } };
const ofWide = { logits: floats(5 * 24), targets: words(0, 21, 9, 7, 3) };

/** Five rows of 6 columns, 5 of them tokens, with a thread each. */
const alone = { constants: { WORKGROUP: 4 }, workgroups: [2, 1, 1] } as const;
const narrow = { params: { ...target, rows: 5, cols: 6, vocabulary: 5 } };
const ofNarrow = { logits: floats(5 * 6), targets: words(0, 4, 9, 2, 3) };

const upstream = { lse: positive(5), count: Float32Array.of(4), dloss: Float32Array.of(0.5) };

/** Kernels of losses, by name. */
export const lossDispatches: Readonly<Record<string, Dispatch>> = {
  "cross-entropy/naive": { ...alone, uniforms: narrow, inputs: ofNarrow, outputs: { losses: 5, lse: 5 } },
  "cross-entropy/online": {
    ...shared,
    constants: { ...shared.constants, OWN: 2 },
    uniforms: wide,
    inputs: ofWide,
    outputs: { losses: 5, lse: 5 },
  },
  "cross-entropy/count": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { rows: 10, ignored: 3 } },
    inputs: { targets: words(0, 1, 2, 3, 4, 3, 3, 0, 5, 6) },
    outputs: { count: 1 },
    workgroups: [1, 1, 1],
    alone: true,
  },
  "cross-entropy/mean": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { rows: 10 } },
    inputs: { losses: floats(10), count: Float32Array.of(7) },
    outputs: { loss: 1 },
    workgroups: [1, 1, 1],
    alone: true,
  },
  "cross-entropy/backward/naive": {
    ...alone,
    uniforms: narrow,
    inputs: { ...ofNarrow, ...upstream },
    outputs: { dlogits: 5 * 6 },
  },
  "cross-entropy/backward/lanes": {
    ...shared,
    uniforms: wide,
    inputs: { ...ofWide, ...upstream },
    outputs: { dlogits: 5 * 24 },
  },
};
