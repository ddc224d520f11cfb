// Linear recurrences: the delta rule token by token and by chunks, and its gradients.
import gates from "#shaders/linear-recurrence/backward/gates.wgsl";
import pairs from "#shaders/linear-recurrence/backward/pairs.wgsl";
import reads from "#shaders/linear-recurrence/backward/reads.wgsl";
import scan from "#shaders/linear-recurrence/backward/scan.wgsl";
import states from "#shaders/linear-recurrence/backward/states.wgsl";
import writes from "#shaders/linear-recurrence/backward/writes.wgsl";
import chunks from "#shaders/linear-recurrence/chunks.wgsl";
import prepare from "#shaders/linear-recurrence/prepare.wgsl";
import recurrent from "#shaders/linear-recurrence/recurrent.wgsl";
import subgroups from "#shaders/linear-recurrence/subgroups.wgsl";
import { floats, positive } from "../dispatch.ts";
import { fixed, type StudyKernel } from "../kernel.ts";

// Two value heads that share their keys, a state of five rows and six columns; by chunks, one whole and two tokens.
const [h, hv, d, dv, scale] = [1, 2, 5, 6, 0.5];
const [few, t] = [3, 18];
const constants = { WORKGROUP: 4, WIDTH: d } as const;
const heads = { h, hv } as const;
/** Pairs as those of normalised keys are: with larger ones, what a chunk's first tokens write would grow in the later ones. */
const small = (count: number) => ({ count, from: -0.2, to: 0.2 });
/** Numbers of all pairs of so many chunks. */
const pairsOf = (count: number) => hv * count * 2 * 16 * 16;
const given = (tokens: number) =>
  ({ q: floats(tokens * d), k: floats(tokens * d), v: floats(hv * tokens * dv), state: floats(hv * d * dv) }) as const;

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  fixed(recurrent, {
    constants,
    uniforms: { params: { ...heads, t: few, dv, scale } },
    inputs: { ...given(few), beta: floats(hv * few) },
    outputs: { out: hv * few * dv },
    workgroups: [2, hv, 1],
  }),
  fixed(subgroups, {
    constants: { SUBGROUP: 4, WIDTH: d },
    uniforms: { params: { ...heads, t: few, dv, scale } },
    inputs: { ...given(few), beta: floats(hv * few) },
    outputs: { out: hv * few * dv },
    workgroups: [2, hv, 1],
  }),
  fixed(prepare, {
    constants,
    uniforms: { params: { ...heads, t, chunks: 2, scale } },
    inputs: { q: floats(t * d), k: floats(t * d), beta: floats(hv * t) },
    outputs: { pairs: pairsOf(2), decays: hv * t * 2 },
    workgroups: [2, hv, 1],
  }),
  fixed(chunks, {
    constants,
    uniforms: { params: { ...heads, t, dv, chunks: 2, scale } },
    inputs: { ...given(t), pairs: small(pairsOf(2)), decays: positive(hv * t * 2) },
    outputs: { out: hv * t * dv },
    workgroups: [2, hv, 1],
  }),
  fixed(states, {
    constants,
    uniforms: { params: { ...heads, t, dv, chunks: 2 } },
    inputs: {
      k: floats(t * d),
      v: floats(hv * t * dv),
      start: floats(hv * d * dv),
      pairs: small(pairsOf(2)),
      decays: positive(hv * t * 3),
    },
    outputs: { states: hv * 3 * d * dv, errors: hv * t * dv },
    workgroups: [2, hv, 1],
  }),
  fixed(scan, {
    constants,
    uniforms: { params: { ...heads, t, dv, chunks: 2, scale } },
    inputs: {
      q: floats(t * d),
      k: floats(t * d),
      pairs: small(pairsOf(2)),
      decays: positive(hv * t * 3),
      dout: floats(hv * t * dv),
      dstate: floats(hv * d * dv),
    },
    outputs: { du: hv * t * dv, dstates: hv * 2 * d * dv },
    workgroups: [2, hv, 1],
  }),
  fixed(pairs, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { hv, t, dv, chunks: 2 } },
    inputs: {
      derrors: floats(hv * t * dv),
      dout: floats(hv * t * dv),
      errors: floats(hv * t * dv),
      beta: floats(hv * t),
    },
    outputs: { dpairs: pairsOf(2) },
    workgroups: [2, hv, 1],
  }),
  fixed(reads, {
    constants,
    uniforms: { params: { ...heads, t, dv, chunks: 2, sign: 1 } },
    inputs: {
      y: floats(hv * t * dv),
      states: floats(hv * 3 * d * dv),
      dpairs: small(pairsOf(2)),
      decays: positive(hv * t * 3),
      k: floats(t * d),
    },
    outputs: { dx: hv * t * d },
    workgroups: [t, hv, 1],
  }),
  fixed(writes, {
    constants,
    uniforms: { params: { ...heads, t, dv, chunks: 2, scale } },
    inputs: {
      q: floats(t * d),
      k: floats(t * d),
      dpairs: small(pairsOf(2)),
      decays: positive(hv * t * 3),
      errors: floats(hv * t * dv),
      beta: floats(hv * t),
      dstates: floats(hv * 2 * d * dv),
    },
    outputs: { dx: hv * t * d },
    workgroups: [t, hv, 1],
  }),
  fixed(gates, {
    constants,
    uniforms: { params: { hv, t, dv, chunks: 2 } },
    inputs: {
      dsums: floats(hv * t * d),
      states: floats(hv * 3 * d * dv),
      dstates: floats(hv * 2 * d * dv),
      decays: positive(hv * t * 3),
    },
    outputs: { dg: hv * t },
    workgroups: [2, hv, 1],
  }),
];
