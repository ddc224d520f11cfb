// The race detector of test/wgsl/races on mutated kernels: what it finds, adapters that run threads in order cannot
// show.
import type { Shader } from "../../src/gpu/shader/specialise.ts";
import { shaderOf } from "../support/shaders.ts";
import { places, runWorkgroup } from "../wgsl/races/detector.ts";
import { dispatches } from "../wgsl/races/dispatches.ts";

/** The kernels that the detector runs, each with its shader: joined once, for all mutants. */
let joined: readonly { readonly kernel: string; readonly shader: Shader }[] | undefined;

const shadersOfAll = () =>
  Object.entries(dispatches).map(([kernel, { constants = {} }]) => ({
    kernel,
    shader: shaderOf(kernel, { constants }),
  }));

/** What the detector says of the first kernel that a mutation changes for the worse; undefined when all is well. */
export function racesIn(mutate: (shader: Shader) => Shader): string | undefined {
  const complain = console.error;
  console.error = () => {}; // the interpreter's, about what it does not know
  try {
    joined ??= shadersOfAll();
    for (const { kernel, shader } of joined) {
      const { code } = mutate(shader);
      const dispatch = dispatches[kernel];
      if (code === shader.code || !dispatch) continue;
      const fault = faultOf(shader, dispatch, code);
      if (fault !== undefined) return `${kernel}: ${fault}`;
    }
    return undefined;
  } finally {
    console.error = complain;
  }
}

function faultOf(shader: Shader, dispatch: (typeof dispatches)[string], code: string): string | undefined {
  const writers = new Set<string>();
  try {
    for (const place of places(dispatch.workgroups)) {
      const { faults, written } = runWorkgroup(shader, dispatch, place, code);
      if (faults[0] !== undefined) return faults[0];
      for (const element of written) {
        if (writers.has(element)) return `two workgroups write ${element}`;
        writers.add(element);
      }
    }
  } catch (error) {
    // The interpreter's memory ends where an array does. What else it cannot run, it says nothing about.
    if (error instanceof RangeError) return `an access beyond an array (${error.message})`;
  }
  return undefined;
}
