// The package's entry for Node is CommonJS that Node takes for a module; its other file works.
// @ts-expect-error it has no types
import * as library from "wgsl_reflect/wgsl_reflect.module.js";
import type { Shader } from "../../../src/gpu/shader/specialise.ts";
import type { Dispatch } from "./dispatch.ts";
import { legible } from "./legible.ts";
import { mendInterpreter, type Watch } from "./mend-interpreter.ts";

const { detectRaces } = library as typeof import("wgsl_reflect");

/** What one workgroup did, alone. */
export interface Run {
  /** Races and barriers that not all threads reach, in the detector's words. */
  readonly faults: readonly string[];
  /** 4-byte words that it wrote, as `buffer[word]`. */
  readonly written: ReadonlySet<string>;
  /** The content of the buffers afterwards. */
  readonly buffers: ReadonlyMap<string, Float32Array>;
  /** Bytes of every load and store of its buffers, uniforms left out. */
  readonly requestedBytes: number;
  /** Operations on f32: two of a fused multiply-add, one of any other that computes, for each component. */
  readonly operations: number;
  /** Components of fused multiply-adds. */
  readonly multiplyAdds: number;
}

/**
 * The kernel as the workgroup that `own_place` says, which is given with each run. The detector does not empty
 * workgroup memory between workgroups, nor does it watch that memory after the first, so that each is run alone, as the
 * first of its grid.
 */
function placed(code: string, grid: readonly number[], size: readonly number[]): string {
  const renamed: string[] = [];
  const builtin = /@builtin\((workgroup_id|num_workgroups|global_invocation_id)\)\s*(\w+): vec3u/g;
  const vector = (numbers: readonly number[]) => `vec3u(${numbers.map((number) => `${number}u`).join(", ")})`;
  const parameters = code.replace(builtin, (_, what: string, name: string) => {
    const first = what === "workgroup_id" ? "own_place" : `own_place * ${vector(size)}`;
    renamed.push(`let ${name} = ${what === "num_workgroups" ? vector(grid) : `first_${name} + ${first}`};`);
    return `@builtin(${what}) first_${name}: vec3u`;
  });
  return `override own_place: vec3u; ${parameters.replace(/(\bfn main\([^{]*\{)/, `$1 ${renamed.join(" ")}`)}`;
}

function bindGroups({ declarations }: Shader, { uniforms, inputs, outputs }: Dispatch) {
  const groups: Record<string, Record<string, ArrayBuffer | { uniform: ArrayBuffer }>> = {};
  const buffers = new Map<string, Float32Array>();
  for (const { group, binding, name, space, type } of declarations.bindings) {
    groups[group] ??= {};
    const slots = groups[group];
    const whole = inputs[name];
    if (space === "uniform" && whole) {
      slots[binding] = { uniform: whole.slice().buffer };
      continue;
    }
    if (space === "uniform") {
      const fields = declarations.structs.get(type) ?? [];
      const view = new DataView(new ArrayBuffer(4 * fields.length));
      fields.forEach((field, index) => {
        const value = uniforms[name]?.[field.name] ?? 0;
        if (field.type === "f32") view.setFloat32(4 * index, value, true);
        else view.setUint32(4 * index, value, true);
      });
      slots[binding] = { uniform: view.buffer };
      continue;
    }
    const given = whole?.slice() ?? new Float32Array(outputs[name] ?? 0).fill(Number.NaN);
    if (given.length === 0) throw new Error(`the dispatch says nothing of ${name}`);
    slots[binding] = given.buffer;
    buffers.set(name, new Float32Array(given.buffer));
  }
  return { groups, buffers };
}

/** Runs workgroup `place` of a dispatch, its threads by turns from statement to statement. */
export function runWorkgroup(shader: Shader, dispatch: Dispatch, place: readonly number[], code = shader.code): Run {
  return runWatched(shader, dispatch, place, code);
}

/** Runs it with each thread by itself from barrier to barrier, which takes less time where there are no races. */
export function runWithoutRaces(shader: Shader, dispatch: Dispatch, place: readonly number[]): Run {
  return runWatched(shader, dispatch, place, shader.code, { interleaved: false });
}

/** Whether a workgroup that runs `code` has a fault. A race ends the run. */
export function hasFault(shader: Shader, dispatch: Dispatch, place: readonly number[], code: string): boolean {
  const raced = new Error("there is a race");
  try {
    const phaseEnded = (races: number) => {
      if (races > 0) throw raced;
    };
    const { faults } = runWatched(shader, dispatch, place, code, { phaseEnded });
    return faults.length > 0;
  } catch (error) {
    if (error !== raced) throw error;
    return true;
  }
}

function runWatched(
  shader: Shader,
  dispatch: Dispatch,
  place: readonly number[],
  code: string,
  { interleaved = true, phaseEnded = () => {} }: Partial<Pick<Watch, "interleaved" | "phaseEnded">> = {},
): Run {
  const { groups, buffers } = bindGroups(shader, dispatch);
  const written = new Set<string>();
  let requestedBytes = 0;
  let operations = 0;
  let multiplyAdds = 0;
  const mend = mendInterpreter({
    accessed: (buffer, offset, size, kind) => {
      if (!buffers.has(buffer)) return;
      requestedBytes += size;
      if (kind === "read") return;
      for (let byte = offset; byte < offset + size; byte += 4) written.add(`${buffer}[${byte / 4}]`);
    },
    computed: (count, fused) => {
      operations += count;
      multiplyAdds += fused;
    },
    interleaved,
    phaseEnded,
  });
  try {
    const { declarations } = shader;
    const text = placed(legible(code, declarations), dispatch.workgroups, declarations.workgroupSize);
    const constants = { own_place: [...place] };
    const { races, errors } = detectRaces(text, "main", [1, 1, 1], groups, { constants });
    const faults = [...errors, ...new Set(races.map(({ message }) => message))];
    return { faults, written, buffers, requestedBytes, operations, multiplyAdds };
  } finally {
    mend();
  }
}

/** Every workgroup of a grid, x fastest. */
export function places([x, y, z]: Dispatch["workgroups"]): [number, number, number][] {
  return Array.from({ length: x * y * z }, (_, i) => [i % x, Math.floor(i / x) % y, Math.floor(i / (x * y))]);
}
