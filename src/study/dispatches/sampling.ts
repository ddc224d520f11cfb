import acceptDrafts from "#shaders/sampling/accept-drafts.wgsl";
import argmax from "#shaders/sampling/argmax.wgsl";
import beamTotals from "#shaders/sampling/beam-totals.wgsl";
import mergeBeams from "#shaders/sampling/merge-beams.wgsl";
import penalise from "#shaders/sampling/penalise.wgsl";
import restrict from "#shaders/sampling/restrict.wgsl";
import sample from "#shaders/sampling/sample.wgsl";
import tokenLogprobs from "#shaders/sampling/token-logprobs.wgsl";
import tokenWeights from "#shaders/sampling/token-weights.wgsl";
import topLogprobs from "#shaders/sampling/top-logprobs.wgsl";
import topTokens from "#shaders/sampling/top-tokens.wgsl";
import { floats, positive, words } from "../dispatch.ts";
import { fixed, type StudyKernel } from "../kernel.ts";

/** A temperature, top-k, top-p and min-p for the first row; for the second a temperature alone. */
const filters = new Float32Array(512);
filters.set([0.8, 3, 0.9, 0.05, 1, 0, 0, 0, 0.8, 0, 1, 0, 1]);

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  fixed(acceptDrafts, {
    constants: { WORKGROUP: 4, BLOCK: 2 },
    uniforms: { params: { b: 2, v: 9 } },
    inputs: {
      weights: new Uint32Array(18).fill(1),
      draftWeights: new Uint32Array(18).fill(1, 0, 2),
      drafts: words(0, 9),
      step: new Uint32Array(256).fill(1),
    },
    outputs: { chosen: 2 },
    workgroups: [2, 1, 1],
  }),
  fixed(argmax, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { rows: 3, v: 10 } },
    inputs: { x: floats(30) },
    outputs: { index: 3 },
    workgroups: [2, 2, 1],
  }),
  // Two rows with texts and one without.
  fixed(beamTotals, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { b: 3, v: 10 } },
    inputs: { logits: floats(30), scores: Float32Array.of(-1, -2, Number.NEGATIVE_INFINITY) },
    outputs: { totals: 30 },
    workgroups: [3, 1, 1],
  }),
  fixed(mergeBeams, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { sources: 2, beams: 2, k: 3, n: 4, v: 9 } },
    inputs: { tokens: words(0, 3, 8, 3, 1, 2, 4, 5, 6, 6, 7, 8), values: floats(12), ranks: words(1, 0, 0, 1) },
    outputs: { ids: 8, totals: 8 },
    workgroups: [2, 1, 1],
  }),
  fixed(penalise, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { b: 2, v: 5 } },
    inputs: {
      logits: floats(10),
      counts: words(0, 1, 2, 0x80000000, 0, 0, 3, 0, 0x80000001, 1),
      settings: positive(512),
    },
    outputs: { y: 10 },
    workgroups: [3, 1, 1],
  }),
  fixed(restrict, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { b: 2, v: 5, words: 1 } },
    inputs: { logits: floats(10), allowed: words(9, 22) },
    outputs: { y: 10 },
    workgroups: [3, 1, 1],
  }),
  fixed(tokenLogprobs, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { t: 3, v: 10 } },
    inputs: { logits: floats(30), targets: words(3, 0, 9) },
    outputs: { logprobs: 3 },
    workgroups: [3, 1, 1],
  }),
  // All filters, on one of two rows.
  fixed(sample, {
    uniforms: { params: { b: 2, v: 6 } },
    inputs: {
      logits: floats(12),
      settings: filters,
      step: new Uint32Array(256).fill(1),
    },
    outputs: { chosen: 2 },
    workgroups: [2, 1, 1],
  }),
  fixed(topLogprobs, {
    uniforms: { params: { b: 2, v: 300, n: 3 } },
    inputs: { logits: floats(600), chosen: words(5, 299) },
    outputs: { ids: 6, logprobs: 6, chosenLogprob: 2, chosenRank: 2 },
    workgroups: [2, 1, 1],
  }),
  fixed(topTokens, {
    uniforms: { params: { b: 2, v: 300, n: 3 } },
    inputs: { logits: floats(600) },
    outputs: { ids: 6, values: 6 },
    workgroups: [2, 1, 1],
  }),
  fixed(tokenWeights, {
    uniforms: { params: { b: 2, v: 6 } },
    inputs: { logits: floats(12), settings: filters },
    outputs: { weights: 12 },
    workgroups: [2, 1, 1],
  }),
];
