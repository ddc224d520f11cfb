import type { Dispatch } from "../../src/gpu/dispatch.ts";
import { places, runWorkgroup } from "../races/detector.ts";

/** What an interpreter counted in a dispatch. */
export interface Traffic {
  /** Bytes of every load and store of storage buffers that was executed. */
  readonly requestedBytes: number;
  /** Operations of fused multiply-adds, two for each component. */
  readonly executedFlops: number;
}

/** Runs every workgroup of a dispatch in the interpreter and counts; `values` are what the buffers hold, by binding. */
export function countTraffic(
  dispatch: Dispatch,
  values: Readonly<Record<string, Float32Array | Uint32Array>>,
): Traffic {
  const { shader, bindings, uniforms, workgroups } = dispatch;
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
