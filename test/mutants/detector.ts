// The race detector of test/wgsl/races on mutated kernels: what it finds, adapters that run threads in order cannot
// show.
import type { Shader } from "../../src/gpu/shader/specialise.ts";
import { type Prepared, prepare } from "../../src/study/kernel.ts";
import { studyKernels } from "../../src/study/kernels.ts";
import { WgslError } from "../../src/wgsl/error.ts";
import { entryPointOf, watched } from "../wgsl/races/watched.ts";

/** The smallest dispatches of all kernels: joined once, for all mutants. */
let joined: Promise<readonly Prepared[]> | undefined;

const dispatchesOfAll = async () => [...(await studyKernels()).values()].map((kernel) => prepare(kernel, kernel.small));

/** What the detector says of the first kernel that a mutation changes for the worse; undefined when all is well. */
export async function racesIn(mutate: (shader: Shader) => Shader): Promise<string | undefined> {
  joined ??= dispatchesOfAll();
  for (const prepared of await joined) {
    const { code, name } = mutate(prepared.shader);
    const fault = code === prepared.shader.code ? undefined : faultOf(code, prepared);
    if (fault !== undefined) return `${name}: ${fault}`;
  }
  return undefined;
}

function faultOf(code: string, { dispatch }: Prepared): string | undefined {
  try {
    entryPointOf(code);
  } catch (error) {
    if (error instanceof WgslError) return undefined; // whether a text compiles, other tests say
    throw error;
  }
  try {
    return watched(code, dispatch).faults[0];
  } catch (error) {
    if (error instanceof WgslError) return error.message; // a loop without an end, for one
    throw error;
  }
}
