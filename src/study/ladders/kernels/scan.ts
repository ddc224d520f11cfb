// Running sums of blocks: by doubling, in two levels, up and down a tree, by subgroups.
import blelloch from "#shaders/ladders/scan/blelloch.wgsl";
import hillisSteele from "#shaders/ladders/scan/hillis-steele.wgsl";
import subgroups from "#shaders/ladders/scan/subgroups.wgsl";
import twoLevel from "#shaders/ladders/scan/two-level.wgsl";
import { at, dense } from "../../../reference/dense.ts";
import { floats } from "../../dispatch.ts";
import { type StudyKernel, shaped } from "../../kernel.ts";

/** Running sums that begin anew with each block. */
function runningSums(x: Float64Array, block: number): Float64Array {
  const sums = x.slice();
  for (let i = 0; i < sums.length; i++) if (i % block !== 0) sums[i] = at(sums, i - 1) + at(sums, i);
  return sums;
}

const ofBlocks = (source: typeof blelloch, constants: Readonly<Record<string, number>>): StudyKernel =>
  shaped(source, {
    sizes: { n: { meaning: "elements", usual: 1024 } },
    small: { sizes: { n: 43 }, constants },
    dispatch: ({ n }, value) => ({
      uniforms: { params: { n } },
      inputs: { x: floats(n) },
      outputs: { y: n },
      workgroups: [Math.ceil(n / value("BLOCK")), 1, 1],
    }),
    reference: {
      name: "running sums",
      results: ({ x }, { n }, value) => ({
        y: dense([n], runningSums(dense([n], x).values, value("BLOCK"))),
      }),
    },
    cost: { requestedBytes: "8 * n" },
  });

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  ofBlocks(hillisSteele, { WORKGROUP: 16 }),
  ofBlocks(twoLevel, { PIECE: 4 }),
  ofBlocks(blelloch, { WORKGROUP: 8 }),
  ofBlocks(subgroups, { SUBGROUP: 2, BLOCK: 8 }),
];
