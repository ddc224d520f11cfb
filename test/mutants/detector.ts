// The race detector of test/races on mutated kernels: what it finds, adapters that run threads in order cannot show.
import type { Shader } from "../../src/gpu/specialise.ts";
import { places, runWorkgroup } from "../races/detector.ts";
import { dispatches } from "../races/dispatches.ts";
import { shaderOf } from "../support/shaders.ts";

/** What the detector says of the first kernel that a mutation changes for the worse; undefined when all is well. */
export function racesIn(mutate: (shader: Shader) => Shader): string | undefined {
  const complain = console.error;
  console.error = () => {}; // the interpreter's, about what it does not know
  try {
    for (const [kernel, dispatch] of Object.entries(dispatches)) {
      const shader = shaderOf(kernel, { constants: dispatch.constants ?? {} });
      const { code } = mutate(shader);
      if (code === shader.code) continue;
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
