import type { Dispatch } from "../../src/gpu/dispatch.ts";
import type { Shader } from "../../src/gpu/specialise.ts";
import { places, runWorkgroup } from "../races/detector.ts";

/** What an interpreter counted in a dispatch. */
export interface Traffic {
  /** Bytes of every load and store of storage buffers that was executed. */
  readonly requestedBytes: number;
  /** Operations of fused multiply-adds, two for each component. */
  readonly executedFlops: number;
}

/**
 * The shader with a thread's own value in place of what it gets from another of its subgroup, for the interpreter has no
 * subgroups. That is for kernels in which such values are no addresses: their results are wrong, and the counts right.
 */
function withoutSubgroups(shader: Shader): Shader {
  const code = shader.code
    .replace("enable subgroups;", "")
    .replaceAll("@builtin(subgroup_invocation_id)", "@builtin(local_invocation_index)");
  return {
    ...shader,
    code: `${code}\nfn own_value(value: vec4f, thread: u32) -> vec4f {\n  return value;\n}\n`.replaceAll(
      /\bsubgroupShuffle\b/g,
      "own_value",
    ),
  };
}

/** Runs every workgroup of a dispatch in the interpreter and counts; `values` are what the buffers hold, by binding. */
export function countTraffic(
  dispatch: Dispatch,
  values: Readonly<Record<string, Float32Array | Uint32Array>>,
): Traffic {
  const { bindings, uniforms, workgroups } = dispatch;
  const shader = withoutSubgroups(dispatch.shader);
  const written = bindings.filter(({ name }) => !(name in values));
  const given = {
    uniforms: Object.fromEntries(uniforms.map(({ name, values: fields }) => [name, fields])),
    inputs: values,
    outputs: Object.fromEntries(written.map(({ name, bytes }) => [name, bytes / 4])),
    workgroups,
  };
  let requestedBytes = 0;
  let executedFlops = 0;
  for (const place of places(workgroups)) {
    const run = runWorkgroup(shader, given, place);
    if (run.faults.length > 0) throw new Error(`${dispatch.kernel}: ${run.faults[0]}`);
    requestedBytes += run.requestedBytes;
    executedFlops += run.multiplyAdds * 2;
  }
  return { requestedBytes, executedFlops };
}
