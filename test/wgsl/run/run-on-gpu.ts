import type { Gpu } from "../../../src/gpu/gpu.ts";
import { checkProgram } from "../../../src/wgsl/run/check/program.ts";
import { execute } from "../../../src/wgsl/run/execute/execute.ts";
import type { EntryPoint, Variable } from "../../../src/wgsl/run/program.ts";
import type { Pair } from "./differences.ts";

/** The bytes of storage and uniform variables, as `execute` takes them. */
type Buffers = ReadonlyMap<Variable, ArrayBuffer>;

const roundUp = (bytes: number, multiple: number): number => Math.ceil(bytes / multiple) * multiple;

/** Whether a shader writes to a variable's buffer. */
const isWritten = ({ space, writable }: Variable): boolean => space === "storage" && writable;

/** What the device says against a text; undefined if it takes it. */
export async function refusalOf(device: GPUDevice, code: string): Promise<string | undefined> {
  device.pushErrorScope("validation");
  const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
  const error = await device.popErrorScope();
  return messages.find(({ type }) => type === "error")?.message ?? error?.message;
}

function layoutOf(device: GPUDevice, variables: readonly Variable[]): GPUBindGroupLayout {
  const entries = variables.map((variable): GPUBindGroupLayoutEntry => {
    const type = variable.space === "uniform" ? "uniform" : isWritten(variable) ? "storage" : "read-only-storage";
    return { binding: variable.binding?.binding ?? 0, visibility: GPUShaderStage.COMPUTE, buffer: { type } };
  });
  return device.createBindGroupLayout({ entries });
}

function bufferOf(device: GPUDevice, { space }: Variable, bytes: ArrayBuffer): GPUBuffer {
  const usage = (space === "uniform" ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE) | GPUBufferUsage.COPY_SRC;
  const buffer = device.createBuffer({ size: bytes.byteLength, usage, mappedAtCreation: true });
  new Uint8Array(buffer.getMappedRange()).set(new Uint8Array(bytes));
  buffer.unmap();
  return buffer;
}

async function contentOf(staging: GPUBuffer): Promise<ArrayBuffer> {
  await staging.mapAsync(GPUMapMode.READ);
  const content = staging.getMappedRange().slice(0);
  staging.destroy();
  return content;
}

/**
 * Runs an entry point of the text on a GPU, with bind groups that hold what it uses. Buffers have whole words, those of
 * uniforms multiples of 16 bytes. Returns what those that it may write hold afterwards. Throws what WebGPU reports.
 */
async function runOnGpu(
  device: GPUDevice,
  code: string,
  entry: EntryPoint,
  given: Buffers,
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
  for (const { variable, staging } of copies) found.set(variable, await contentOf(staging));
  for (const buffer of buffers.values()) buffer.destroy();
  return found;
}

/** Bytes for a buffer of a variable: at least so many. */
export const bytesFor = ({ space }: Variable, least: number): ArrayBuffer =>
  new ArrayBuffer(Math.max(4, roundUp(least, space === "uniform" ? 16 : 4)));

/**
 * Runs the one entry point of a text in the interpreter and on a GPU, both from what `buffersOf` gives. The interpreter's
 * subgroups have the adapter's size.
 */
export async function runOnBoth(
  gpu: Gpu,
  code: string,
  buffersOf: (entry: EntryPoint) => Map<Variable, ArrayBuffer>,
  workgroups: readonly [number, number, number],
): Promise<{ readonly entry: EntryPoint; readonly pairs: readonly Pair[]; readonly outOfBounds: readonly string[] }> {
  const program = checkProgram(code);
  const [entry] = [...program.entryPoints.values()];
  if (!entry) throw new Error("no entry point");
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
  };
}
