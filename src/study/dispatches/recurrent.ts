// Recurrent cells: one step or all of them, forwards and backwards, and what gradients compute again.
import cellStates from "#shaders/recurrent/cell-states.wgsl";
import previous from "#shaders/recurrent/previous.wgsl";
import reset from "#shaders/recurrent/reset.wgsl";
import resetBackward from "#shaders/recurrent/reset-backward.wgsl";
import resident from "#shaders/recurrent/resident.wgsl";
import residentBackward from "#shaders/recurrent/resident-backward.wgsl";
import residentBefore from "#shaders/recurrent/resident-before.wgsl";
import residentBeforeBackward from "#shaders/recurrent/resident-before-backward.wgsl";
import step from "#shaders/recurrent/step.wgsl";
import stepBackward from "#shaders/recurrent/step-backward.wgsl";
import { floats } from "../dispatch.ts";
import { fixed, type StudyKernel } from "../kernel.ts";

// Five rows of three tokens, of which four share a workgroup, and states of five units. Of single steps, the only one.
// The gates are those of a GRU.
const [b, t, h] = [5, 3, 5];
const columns = 3 * h;
const all = { b, t, h, reverse: 1 } as const;
const single = { b, t: 1, h, step: 0, reverse: 0 } as const;
/** Some of the weight's rows are held. */
const constants = { WORKGROUP: 4, UNITS: h, HELD: 3 } as const;

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  fixed(step, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: single },
    inputs: { a: floats(b * columns), m: floats(b * columns), state: floats(b * h) },
    outputs: { out: b * h },
    workgroups: [7, 1, 1],
  }),
  fixed(resident, {
    constants,
    uniforms: { params: { b, t, reverse: 1 } },
    inputs: { a: floats(b * t * columns), weight: floats(h * columns), state: floats(b * h) },
    outputs: { out: b * t * h },
    workgroups: [2, 1, 1],
  }),
  fixed(previous, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: all },
    inputs: { out: floats(b * t * h), start: floats(b * h) },
    outputs: { previous: b * t * h },
    workgroups: [19, 1, 1],
  }),
  fixed(cellStates, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: all },
    inputs: { gates: floats(b * t * 4 * h), start: floats(b * h) },
    outputs: { previous: b * t * h },
    workgroups: [7, 1, 1],
  }),
  fixed(stepBackward, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: single },
    inputs: {
      gates: floats(b * columns),
      dout: floats(b * h),
      dstate: floats(b * h),
      m: floats(b * columns),
      previous: floats(b * h),
    },
    outputs: { dgates: b * columns, slopes: b * columns },
    workgroups: [7, 1, 1],
  }),
  fixed(reset, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: single },
    inputs: { a: floats(b * columns), m: floats(b * 2 * h), state: floats(b * h) },
    outputs: { y: b * h },
    workgroups: [7, 1, 1],
  }),
  fixed(resetBackward, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: single },
    inputs: {
      gates: floats(b * columns),
      previous: floats(b * h),
      s: floats(b * h),
      dstate: floats(b * h),
      dgates: floats(b * columns),
      slopes: floats(b * columns),
    },
    outputs: {},
    workgroups: [7, 1, 1],
  }),
  fixed(residentBefore, {
    constants,
    uniforms: { params: { b, t, reverse: 1 } },
    inputs: { a: floats(b * t * columns), weight: floats(h * columns), state: floats(b * h) },
    outputs: { out: b * t * h },
    workgroups: [2, 1, 1],
  }),
  fixed(residentBeforeBackward, {
    constants,
    uniforms: { params: { b, t, reverse: 1 } },
    inputs: {
      gates: floats(b * t * columns),
      dout: floats(b * t * h),
      dstate: floats(b * h),
      weight: floats(columns * h),
      previous: floats(b * t * h),
    },
    outputs: { dgates: b * t * columns },
    workgroups: [2, 1, 1],
  }),
  fixed(residentBackward, {
    constants,
    uniforms: { params: { b, t, reverse: 1 } },
    inputs: {
      gates: floats(b * t * columns),
      dout: floats(b * t * h),
      dstate: floats(b * h),
      weight: floats(columns * h),
      m: floats(b * t * columns),
      previous: floats(b * t * h),
    },
    outputs: { dgates: b * t * columns },
    workgroups: [2, 1, 1],
  }),
];
