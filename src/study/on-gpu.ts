// A text that is studied, run on a GPU as it is.
import type { EntryPoint, Variable } from "../wgsl/run/program.ts";

/** Whether a shader writes to a variable's buffer. */
export const isWritten = ({ space, writable }: Variable): boolean => space === "storage" && writable;

/** The bytes of a GPU's buffer that has room for so many: whole words, of a uniform a multiple of 16. */
export function bufferBytes({ space }: Variable, least: number): number {
  const unit = space === "uniform" ? 16 : 4;
  return unit * Math.max(1, Math.ceil(least / unit));
}

function layoutOf(device: GPUDevice, variables: readonly Variable[]): GPUBindGroupLayout {
  const entries = variables.map((variable): GPUBindGroupLayoutEntry => {
    const type = variable.space === "uniform" ? "uniform" : isWritten(variable) ? "storage" : "read-only-storage";
    return { binding: variable.binding?.binding ?? 0, visibility: GPUShaderStage.COMPUTE, buffer: { type } };
  });
  return device.createBindGroupLayout({ entries });
}

function bufferOf(device: GPUDevice, variable: Variable, bytes: ArrayBuffer): GPUBuffer {
  const kind = variable.space === "uniform" ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE;
  const [size, usage] = [bufferBytes(variable, bytes.byteLength), kind | GPUBufferUsage.COPY_SRC];
  const buffer = device.createBuffer({ size, usage, mappedAtCreation: true });
  new Uint8Array(buffer.getMappedRange()).set(new Uint8Array(bytes));
  buffer.unmap();
  return buffer;
}

async function contentOf(staging: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
  await staging.mapAsync(GPUMapMode.READ);
  const content = staging.getMappedRange().slice(0, bytes);
  staging.destroy();
  return content;
}

/**
 * Runs an entry point of the text on a GPU, with bind groups that hold what it uses, in buffers that are longer where
 * they have to be (`bufferBytes`). Returns as many bytes of those that it may write as were given. Throws what WebGPU
 * reports.
 */
export async function runOnGpu(
  device: GPUDevice,
  code: string,
  entry: EntryPoint,
  given: ReadonlyMap<Variable, ArrayBuffer>,
  workgroups: readonly [number, number, number],
): Promise<Map<Variable, ArrayBuffer>> {
  const variables = [...given.keys()].filter((variable) => entry.function.uses.has(variable));
  const last = Math.max(-1, ...variables.map(({ binding }) => binding?.group ?? 0));
  const groups = Array.from({ length: last + 1 }, (_, i) => variables.filter(({ binding }) => binding?.group === i));
  device.pushErrorScope("validation");
  const bindGroupLayouts = groups.map((group) => layoutOf(device, group));
  const pipeline = device.createComputePipeline({
    layout: device.createPipelineLayout({ bindGroupLayouts }),
    compute: { module: device.createShaderModule({ code }), entryPoint: entry.name },
  });
  const buffers = new Map(
    variables.map((variable) => [variable, bufferOf(device, variable, given.get(variable) as ArrayBuffer)]),
  );
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  for (const [i, group] of groups.entries()) {
    const entries = group.map((variable) => ({
      binding: variable.binding?.binding ?? 0,
      resource: { buffer: buffers.get(variable) as GPUBuffer },
    }));
    pass.setBindGroup(i, device.createBindGroup({ layout: bindGroupLayouts[i] as GPUBindGroupLayout, entries }));
  }
  pass.dispatchWorkgroups(...workgroups);
  pass.end();
  const copies = variables.filter(isWritten).map((variable) => {
    const buffer = buffers.get(variable) as GPUBuffer;
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const staging = device.createBuffer({ size: buffer.size, usage });
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
    return { variable, staging };
  });
  device.queue.submit([encoder.finish()]);
  const error = await device.popErrorScope();
  if (error) throw new Error(error.message);
  const found = new Map<Variable, ArrayBuffer>();
  for (const { variable, staging } of copies) {
    const { byteLength } = given.get(variable) as ArrayBuffer;
    found.set(variable, await contentOf(staging, byteLength));
  }
  for (const buffer of buffers.values()) buffer.destroy();
  return found;
}
