import { type Command, encodeCommands } from "./encode.ts";
import { GpuError } from "./errors.ts";
import type { Gpu } from "./gpu.ts";

/** Timestamps of one query set; a device takes up to 4096. */
const batch = 2048;

/**
 * Runs the commands with a pass of its own for each dispatch and returns each one's GPU time in nanoseconds. Browsers
 * round timestamps to 100 microseconds; a benchmark repeats a dispatch within one pass instead (`timeRepeated`).
 */
export async function timeCommands(gpu: Gpu, commands: readonly Command[]): Promise<number[]> {
  const times: number[] = [];
  let group: Command[] = [];
  let dispatches = 0;
  for (const command of commands) {
    group.push(command);
    if (command.kind === "dispatch" && ++dispatches === batch) {
      times.push(...(await timePasses(gpu, group, 1)));
      group = [];
      dispatches = 0;
    }
  }
  if (group.length > 0) times.push(...(await timePasses(gpu, group, 1)));
  return times;
}

/** Nanoseconds of `repeats` runs of one command inside one pass. */
export async function timeRepeated(gpu: Gpu, command: Command, repeats: number): Promise<number> {
  return (await timePasses(gpu, [command], repeats))[0] ?? 0;
}

async function timePasses(gpu: Gpu, commands: readonly Command[], repeats: number): Promise<number[]> {
  if (!gpu.features.has("timestamp-query")) {
    throw new GpuError(`${gpu.adapter.label}: no timestamp-query, so GPU time cannot be measured`);
  }
  const dispatches = commands.filter(({ kind }) => kind === "dispatch").length;
  if (dispatches === 0) return [];
  const queries = gpu.device.createQuerySet({ type: "timestamp", count: dispatches * 2 });
  const resolved = gpu.device.createBuffer({
    size: dispatches * 16,
    usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
  });
  const staging = gpu.device.createBuffer({
    size: dispatches * 16,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  try {
    gpu.submit((encoder) => {
      let at = 0;
      for (const command of commands) {
        if (command.kind === "copy") {
          encodeCommands(encoder, [command]);
          continue;
        }
        const pass = encoder.beginComputePass({
          timestampWrites: { querySet: queries, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 },
        });
        at += 2;
        pass.setPipeline(command.pipeline);
        command.groups.forEach((bindGroup, index) => {
          pass.setBindGroup(index, bindGroup);
        });
        for (let i = 0; i < repeats; i++) pass.dispatchWorkgroups(...command.workgroups);
        pass.end();
      }
      encoder.resolveQuerySet(queries, 0, dispatches * 2, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, dispatches * 16);
    });
    await staging.mapAsync(GPUMapMode.READ);
    const ticks = new BigUint64Array(staging.getMappedRange());
    return Array.from({ length: dispatches }, (_, i) => Number((ticks[2 * i + 1] ?? 0n) - (ticks[2 * i] ?? 0n)));
  } finally {
    staging.destroy();
    resolved.destroy();
    queries.destroy();
  }
}
