import type { Gpu } from "../../../src/gpu/gpu.ts";
import { runOnGpu } from "../../../src/study/on-gpu.ts";
import { entryOf } from "../../../src/wgsl/run/bindings.ts";
import { checkProgram } from "../../../src/wgsl/run/check/program.ts";
import { execute } from "../../../src/wgsl/run/execute/execute.ts";
import type { EntryPoint, Variable } from "../../../src/wgsl/run/program.ts";
import type { Pair } from "./differences.ts";

/** What the device says against a text; undefined if it takes it. */
export async function refusalOf(device: GPUDevice, code: string): Promise<string | undefined> {
  device.pushErrorScope("validation");
  const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
  const error = await device.popErrorScope();
  return messages.find(({ type }) => type === "error")?.message ?? error?.message;
}

/**
 * Runs the one entry point of a text in the interpreter and on a GPU, both from what `buffersOf` gives. The interpreter's
 * subgroups have the adapter's size.
 */
export async function runOnBoth(
  gpu: Gpu,
  code: string,
  buffersOf: (entry: EntryPoint) => Map<Variable, ArrayBuffer>,
  workgroups: readonly [number, number, number],
): Promise<{
  readonly entry: EntryPoint;
  readonly pairs: readonly Pair[];
  readonly outOfBounds: readonly string[];
  readonly subgroupSize: number;
}> {
  const entry = entryOf(checkProgram(code), undefined);
  const buffers = buffersOf(entry);
  const onGpu = await runOnGpu(gpu.device, code, entry, buffers, workgroups);
  const { subgroupSize = 32 } = gpu.adapter;
  const { outOfBounds } = execute(entry, { workgroups, buffers, subgroupSize });
  return {
    entry,
    pairs: [...onGpu].map(([variable, content]) => ({
      variable,
      interpreted: buffers.get(variable) as ArrayBuffer,
      onGpu: content,
    })),
    outOfBounds: outOfBounds.map(({ at }) => code.slice(at).split("\n")[0] ?? ""),
    subgroupSize,
  };
}
