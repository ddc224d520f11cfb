import backwardLanes from "#shaders/cross-entropy/backward/lanes.wgsl";
import backwardNaive from "#shaders/cross-entropy/backward/naive.wgsl";
import blocksGradient from "#shaders/cross-entropy/blocks/gradient.wgsl";
import blocksLoss from "#shaders/cross-entropy/blocks/loss.wgsl";
import blocksSums from "#shaders/cross-entropy/blocks/sums.wgsl";
import count from "#shaders/cross-entropy/count.wgsl";
import mean from "#shaders/cross-entropy/mean.wgsl";
import naive from "#shaders/cross-entropy/naive.wgsl";
import online from "#shaders/cross-entropy/online.wgsl";
import { floats, positive, words } from "../dispatch.ts";
import { fixed, type StudyKernel } from "../kernel.ts";

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

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  fixed(naive, { ...alone, uniforms: narrow, inputs: ofNarrow, outputs: { losses: 5, lse: 5 } }),
  fixed(online, {
    ...shared,
    constants: { WORKGROUP: 8, LANES: 4, RUN: 4 },
    uniforms: wide,
    inputs: ofWide,
    outputs: { losses: 5, lse: 5 },
  }),
  fixed(count, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { rows: 10, ignored: 3 } },
    inputs: { targets: words(0, 1, 2, 3, 4, 3, 3, 0, 5, 6) },
    outputs: { count: 1 },
    workgroups: [1, 1, 1],
    alone: true,
  }),
  fixed(mean, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { rows: 10 } },
    inputs: { losses: floats(10), count: Float32Array.of(7) },
    outputs: { loss: 1 },
    workgroups: [1, 1, 1],
    alone: true,
  }),
  fixed(blocksSums, {
    ...shared,
    constants: { WORKGROUP: 8, LANES: 4, RUN: 4 },
    uniforms: { params: { ...target, rows: 5, cols: 24, first: 24, vocabulary: 46 } },
    inputs: { logits: floats(5 * 24), targets: words(0, 45, 9, 24, 30), sums: floats(5 * 4) },
    outputs: {},
  }),
  fixed(blocksLoss, {
    ...alone,
    uniforms: { params: { rows: 5, vocabulary: 46, ignored: 9, smoothing: 0.1, z_loss: 0.01 } },
    inputs: { sums: positive(5 * 4), targets: words(0, 45, 9, 24, 30) },
    outputs: { losses: 5, lse: 5, others: 5 },
  }),
  fixed(blocksGradient, {
    constants: { WORKGROUP: 4 },
    uniforms: { ...narrow, block: { first: 1 } },
    inputs: { ...ofNarrow, ...upstream, others: positive(5) },
    outputs: {},
    workgroups: [8, 1, 1],
  }),
  fixed(backwardNaive, {
    ...alone,
    uniforms: narrow,
    inputs: { ...ofNarrow, ...upstream },
    outputs: { dlogits: 5 * 6 },
  }),
  fixed(backwardLanes, {
    ...shared,
    uniforms: wide,
    inputs: { ...ofWide, ...upstream },
    outputs: { dlogits: 5 * 24 },
  }),
];
