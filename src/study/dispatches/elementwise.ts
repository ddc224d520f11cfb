import binary from "#shaders/elementwise/binary.wgsl";
import cast from "#shaders/elementwise/cast.wgsl";
import dropout from "#shaders/elementwise/dropout.wgsl";
import dropoutVectors from "#shaders/elementwise/dropout-vectors.wgsl";
import fill from "#shaders/elementwise/fill.wgsl";
import gated from "#shaders/elementwise/gated.wgsl";
import gatedBackward from "#shaders/elementwise/gated-backward.wgsl";
import map from "#shaders/elementwise/map.wgsl";
import mapBackward from "#shaders/elementwise/map-backward.wgsl";
import random from "#shaders/elementwise/random.wgsl";
import softcap from "#shaders/elementwise/softcap.wgsl";
import softcapBackward from "#shaders/elementwise/softcap-backward.wgsl";
import where from "#shaders/elementwise/where.wgsl";
import { floats, words } from "../dispatch.ts";
import { type FixedDispatch, fixed, type StudyKernel } from "../kernel.ts";
import { strides } from "../strides.ts";

const oneAxis = { d1: 1, d2: 1, d3: 11 };
const walk = (...names: string[]) => Object.assign({}, ...names.map((name) => strides(name, [1, 1, 1, 11])));

/** Eleven results of `width` elements, in workgroups of four threads. */
function elementwise(names: readonly string[], width: 1 | 4): FixedDispatch {
  return {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 11, ...oneAxis, ...walk(...names.map((name) => (name === "condition" ? "c" : name))) } },
    inputs: Object.fromEntries(
      names.map((name) => [name, name === "condition" ? words(0, 1, 1, 0, 2, 0, 0, 3, 1, 0, 1) : floats(11 * width)]),
    ),
    outputs: { y: 11 * width },
    workgroups: [2, 2, 1],
  };
}

/** Gradients of eleven vectors, in workgroups of four threads. */
const backward = (inputs: readonly string[], outputs: readonly string[]): FixedDispatch => ({
  constants: { WORKGROUP: 4 },
  uniforms: { params: { n: 11, ...oneAxis, ...walk(...inputs, ...outputs) } },
  inputs: Object.fromEntries(inputs.map((name) => [name, floats(44)])),
  outputs: Object.fromEntries(outputs.map((name) => [name, 44])),
  workgroups: [2, 2, 1],
});

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  fixed(binary, elementwise(["a", "b"], 1)),
  fixed(cast, elementwise(["x"], 1)),
  fixed(random, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 19, seed: 7 } },
    inputs: {},
    outputs: { y: 19 },
    workgroups: [3, 1, 1],
  }),
  fixed(fill, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 11, word: 0x3f803f80, last: 0xffff } },
    inputs: { y: new Uint32Array(11) },
    outputs: {},
    workgroups: [3, 1, 1],
  }),
  fixed(gated, elementwise(["gate", "up"], 4)),
  fixed(map, elementwise(["x"], 4)),
  fixed(softcap, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 11, cap: 5 } },
    inputs: { x: floats(11) },
    outputs: { y: 11 },
    workgroups: [3, 1, 1],
  }),
  fixed(where, elementwise(["condition", "a", "b"], 1)),
  fixed(gatedBackward, backward(["gate", "up", "dy"], ["dgate", "dup"])),
  fixed(mapBackward, backward(["x", "dy"], ["dx"])),
  fixed(softcapBackward, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 11, cap: 5 } },
    inputs: { x: floats(44), dy: floats(44) },
    outputs: { dx: 44 },
    workgroups: [3, 1, 1],
  }),
  fixed(dropout, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 15, site: 17, threshold: 2 ** 30, scale: 4 / 3 } },
    inputs: { x: floats(15), key: words(7, 3) },
    outputs: { y: 15 },
    workgroups: [2, 1, 1],
  }),
  fixed(dropoutVectors, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 5, site: 17, threshold: 2 ** 30, scale: 4 / 3 } },
    inputs: { x: floats(20), key: words(7, 3) },
    outputs: { y: 20 },
    workgroups: [2, 1, 1],
  }),
];
