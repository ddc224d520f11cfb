// Sums of an axis, of columns, of segments; the largest magnitude.
import columns from "#shaders/reduce/columns.wgsl";
import magnitude from "#shaders/reduce/magnitude.wgsl";
import segments from "#shaders/reduce/segments.wgsl";
import segmentsBackward from "#shaders/reduce/segments-backward.wgsl";
import segmentsBackwardNaive from "#shaders/reduce/segments-backward-naive.wgsl";
import thread from "#shaders/reduce/thread.wgsl";
import workgroup from "#shaders/reduce/workgroup.wgsl";
import { lanesFor } from "../../kernels/reduce/lanes.ts";
import { dense } from "../../reference/dense.ts";
import { sum } from "../../reference/reduce.ts";
import { type Dispatch, floats, positive, words } from "../dispatch.ts";
import { fixed, type Reference, type Size, type StudyKernel, shaped } from "../kernel.ts";
import { strides } from "../strides.ts";

type Name = "length" | "results";
type Sizes = Readonly<Record<Name, number>>;

const sizes: Readonly<Record<Name, Size>> = {
  length: { meaning: "elements of the axis that is added up, the first of x", usual: 300, most: 4096 },
  results: { meaning: "sums, and elements of the other axis", usual: 20 },
};

/** Sums over the first axis of x [length, results], reached by strides. */
const sums = ({ length, results }: Sizes, workgroups: number): Dispatch => ({
  uniforms: {
    params: { n: results, d1: 1, d2: 1, d3: results, ...strides("x", [1, 1, 1, results]), length, step: results },
  },
  inputs: { x: floats(length * results) },
  outputs: { y: results },
  workgroups: [Math.ceil(workgroups), 1, 1],
});

const reference: Reference<Name> = {
  name: "sum",
  results: ({ x }, { length, results }) => sum({ x: dense([length, results], x) }, { axis: 0 }),
};

const cost = { requestedBytes: "4 * (length * results + results)" } as const;

/** Gradients of sums over segments of rows. */
const pooled = {
  constants: { WORKGROUP: 4 },
  uniforms: { params: { n: 3, t: 10, c: 6, length: 0 } },
  inputs: { dy: floats(18), weights: positive(10), offsets: words(1, 5, 5, 9) },
  outputs: { dx: 60 },
} as const;

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  // Three blocks of 32, or 18 turns of four threads.
  shaped(thread, {
    sizes,
    reference,
    small: { sizes: { length: 70, results: 5 }, constants: { WORKGROUP: 4 } },
    dispatch: (sizes, value) => sums(sizes, sizes.results / value("WORKGROUP")),
    cost,
  }),
  shaped(workgroup, {
    sizes,
    reference,
    small: { sizes: { length: 70, results: 5 }, constants: { WORKGROUP: 8, LANES: 4 } },
    specialise: ({ length }) => ({ constants: { ...lanesFor(length) } }),
    dispatch: (sizes, value) => sums(sizes, sizes.results / value("RESULTS")),
    cost,
  }),
  // Three segments of 6 columns, one of them without rows.
  fixed(segments, {
    constants: { WORKGROUP: 4, RUN: 2 },
    uniforms: { params: { n: 3, t: 9, c: 6 } },
    inputs: {
      x: floats(54),
      weights: words(...Array.from({ length: 9 }, (_, i) => (i === 4 ? 0 : 0x3f800000))),
      offsets: words(0, 5, 5, 9),
    },
    outputs: { y: 18 },
    workgroups: [2, 3, 1],
  }),
  // Three segments of 6 columns, one of them without rows; a row before the first and one after the last.
  fixed(segmentsBackward, { ...pooled, workgroups: [5, 1, 1] }),
  fixed(segmentsBackwardNaive, { ...pooled, workgroups: [16, 1, 1] }),
  fixed(columns, {
    constants: { WORKGROUP: 4, RUN: 2 },
    uniforms: { params: { rows: 11, width: 2, block: 5 } },
    inputs: { x: floats(11 * 8) },
    outputs: { y: 3 * 8 },
    workgroups: [2, 1, 1],
  }),
  fixed(magnitude, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 10, index: 0 } },
    inputs: { x: floats(10), peaks: new Uint32Array(1) },
    outputs: {},
    workgroups: [1, 1, 1],
    alone: true,
  }),
];
