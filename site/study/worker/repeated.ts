import type { Interval } from "../../../bench/harness/timing.ts";
import type { Gpu } from "../../../src/index.ts";
import type { EntryPoint, Variable } from "../../../src/wgsl/run/program.ts";

/** A dispatch of a text that is run again and again. */
export interface Repeated {
  readonly interval: Interval;
  readonly dispose: () => void;
}

/** A text with its buffers. */
interface Dispatched {
  readonly code: string;
  readonly entry: EntryPoint;
  readonly buffers: ReadonlyMap<Variable, ArrayBuffer>;
  readonly workgroups: readonly [number, number, number];
}

/**
 * Prepares a dispatch that is timed: by the GPU's timestamps around one pass, or by the clock around a submit. Throws what
 * WebGPU reports.
 */
export async function repeatedOn(
  gpu: Gpu,
  { code, entry, buffers, workgroups }: Dispatched,
  clock: "gpu" | "wall",
): Promise<Repeated> {
  const { device } = gpu;
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ code });
  const pipeline = await device.createComputePipelineAsync({
    layout: "auto",
    compute: { module, entryPoint: entry.name },
  });
  const made = [...buffers].map(([{ space, binding }, bytes]) => {
    const usage = space === "uniform" ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE;
    const buffer = device.createBuffer({ size: bytes.byteLength, usage, mappedAtCreation: true });
    new Uint8Array(buffer.getMappedRange()).set(new Uint8Array(bytes));
    buffer.unmap();
    return { buffer, group: binding?.group ?? 0, binding: binding?.binding ?? 0 };
  });
  const groups = [...new Set(made.map(({ group }) => group))].map((group) => {
    const entries = made.flatMap((one) =>
      one.group === group ? [{ binding: one.binding, resource: { buffer: one.buffer } }] : [],
    );
    return { group, bound: device.createBindGroup({ layout: pipeline.getBindGroupLayout(group), entries }) };
  });
  const problem = await device.popErrorScope();
  if (problem) throw new Error(problem.message);
  const encode = (encoder: GPUCommandEncoder, repeats: number, timestampWrites?: GPUComputePassTimestampWrites) => {
    const pass = encoder.beginComputePass(timestampWrites ? { timestampWrites } : {});
    pass.setPipeline(pipeline);
    for (const { group, bound } of groups) pass.setBindGroup(group, bound);
    for (let i = 0; i < repeats; i++) pass.dispatchWorkgroups(...workgroups);
    pass.end();
  };
  const byClock: Interval = async (repeats) => {
    const encoder = device.createCommandEncoder();
    encode(encoder, repeats);
    const before = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return performance.now() - before;
  };
  const dispose = () => {
    for (const { buffer } of made) buffer.destroy();
  };
  if (clock === "wall") return { interval: byClock, dispose };
  const querySet = device.createQuerySet({ type: "timestamp", count: 2 });
  const resolved = device.createBuffer({ size: 16, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
  const staging = device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  return {
    interval: async (repeats) => {
      const encoder = device.createCommandEncoder();
      encode(encoder, repeats, { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 });
      encoder.resolveQuerySet(querySet, 0, 2, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, 16);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const [begin = 0n, end = 0n] = new BigUint64Array(staging.getMappedRange());
      staging.unmap();
      return Number(end - begin) * 1e-6;
    },
    dispose: () => {
      dispose();
      for (const buffer of [resolved, staging]) buffer.destroy();
      querySet.destroy();
    },
  };
}
