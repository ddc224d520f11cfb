import { unlessAborted } from "../options/abort.ts";
import type { Device } from "./device.ts";
import { type Command, encodeCommands } from "./encode.ts";
import { GpuError } from "./errors.ts";
import { type Lowering, lowerOperation } from "./lower.ts";
import type { Operation } from "./recording.ts";

/**
 * Lowers the operations of a program to validated commands, with pipelines that the driver has compiled. Throws
 * `GpuError` when the program cannot run, and the reason of `signal` once that is aborted.
 */
export async function prepareCommands(
  gpu: Device,
  operations: readonly Operation[],
  { resolve, uniforms }: Pick<Lowering, "resolve" | "uniforms">,
  signal?: AbortSignal,
): Promise<Command[]> {
  const { pipelines, bindGroups } = gpu;
  const lowering = { pipelines, resolve, uniforms, bindGroups };
  let commands: Command[];
  let scope: Promise<GPUError | null> | undefined;
  gpu.device.pushErrorScope("validation");
  try {
    commands = operations.map((operation) => lowerOperation(operation, lowering));
    // Encoded once without being submitted, so that a faulty program throws here and not at its first run.
    const encoder = gpu.device.createCommandEncoder();
    encodeCommands(encoder, commands);
    encoder.finish();
  } finally {
    scope = gpu.device.popErrorScope();
  }
  const invalid = await scope.catch(() => null); // a lost device is reported elsewhere
  if (invalid) {
    bindGroups.clear(); // one of them may be what is invalid
    throw new GpuError(`${gpu.adapter.label}: the program cannot run: ${invalid.message}`);
  }
  await warm(gpu, commands, signal);
  gpu.assertUsable();
  return commands;
}

/**
 * Sends each new pipeline a dispatch of zero workgroups, since drivers compile at the first dispatch. It is indirect,
 * because a direct dispatch of zero workgroups causes a warning.
 */
async function warm(gpu: Device, commands: readonly Command[], signal: AbortSignal | undefined): Promise<void> {
  const dispatches = commands.flatMap((command) => (command.kind === "dispatch" ? [command] : []));
  const fresh = dispatches.filter(({ pipeline }) => gpu.markWarm(pipeline));
  if (fresh.length === 0) return;
  const none = gpu.device.createBuffer({ label: "no workgroups", size: 12, usage: GPUBufferUsage.INDIRECT });
  gpu.submit((encoder) => {
    const pass = encoder.beginComputePass();
    for (const { pipeline, groups } of fresh) {
      pass.setPipeline(pipeline);
      groups.forEach((bindGroup, group) => {
        pass.setBindGroup(group, bindGroup);
      });
      pass.dispatchWorkgroupsIndirect(none, 0);
    }
    pass.end();
  });
  const done = gpu.reports.soon(gpu.device.queue.onSubmittedWorkDone()).finally(() => none.destroy());
  await unlessAborted(done, signal);
}
