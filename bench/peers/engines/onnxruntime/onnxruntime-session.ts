import type { Prepared } from "../engine.ts";
import { type OperatorModel, operatorModel } from "./onnx-model.ts";

/** The part of onnxruntime-web that is used. */
export interface OrtTensor {
  readonly data: ArrayLike<number>;
  dispose(): void;
}

export interface OrtSession {
  run(
    inputs: Readonly<Record<string, OrtTensor>>,
    outputs?: Readonly<Record<string, OrtTensor>>,
  ): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

export interface Ort {
  readonly env: {
    logLevel: string;
    readonly versions: { readonly web?: string };
    readonly wasm: { numThreads: number; wasmPaths: Readonly<Record<"mjs" | "wasm", string>> };
    readonly webgpu: { readonly device: Promise<GPUDevice> };
  };
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<OrtSession> };
  readonly Tensor: {
    new (type: "int32" | "float32", data: Int32Array | Float32Array, dims: readonly number[]): OrtTensor;
    fromGpuBuffer(buffer: GPUBuffer, options: { dataType: "float32"; dims: readonly number[] }): OrtTensor;
  };
}

/** Where models run: the session options' device, and the buffers' device. */
export interface Place {
  readonly ort: Ort;
  readonly given: GPUDevice | undefined;
  readonly device: GPUDevice;
}

/** Keep results on the GPU. */
export function sessionOptions(device: GPUDevice | undefined): object {
  return {
    executionProviders: [{ name: "webgpu", ...(device ? { device } : {}) }],
    preferredOutputLocation: "gpu-buffer",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
  };
}

/** An operator with its data; its result is `y`. */
interface Operation extends Pick<OperatorModel, "operator" | "domain" | "attributes" | "constants"> {
  /** The operator's inputs, if they differ from `inputs`. */
  readonly inputs?: readonly string[];
  readonly given: Readonly<Record<string, readonly number[]>>;
  readonly data: Readonly<Record<string, Float32Array<ArrayBuffer>>>;
  readonly results: Readonly<Record<string, readonly number[]>>;
  /** Results that overwrite an input. */
  readonly inPlace?: Readonly<Record<string, string>>;
}

/** A session of a model of one operator, with buffers for inputs and outputs. */
export function prepared(place: Place, operation: Operation): Promise<Prepared> {
  const { given, data: _, results, inPlace: __, inputs = Object.keys(given), ...rest } = operation;
  const model = operatorModel({
    ...rest,
    inputs,
    outputs: Object.keys(results),
    given: Object.entries(given),
    results: Object.entries(results),
  });
  return preparedModel(place, operation.operator, model, operation);
}

/** A session of a model whose result is `y`, with buffers for inputs and outputs. */
export async function preparedModel(
  { ort, given: device, device: real }: Place,
  variant: string,
  model: Uint8Array,
  { given, data, results, inPlace = {} }: Pick<Operation, "given" | "data" | "results" | "inPlace">,
): Promise<Prepared> {
  const session = await ort.InferenceSession.create(model, sessionOptions(device));
  const buffers = new Map<string, GPUBuffer>();
  const tensor = (name: string, dims: readonly number[]) => {
    const buffer = buffers.get(inPlace[name] ?? name) ?? bufferOf(real, dims, data[name]);
    buffers.set(name, buffer);
    return ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims });
  };
  const tensorsOf = (shapes: Readonly<Record<string, readonly number[]>>) =>
    Object.fromEntries(Object.entries(shapes).map(([name, dims]) => [name, tensor(name, dims)]));
  const feeds = tensorsOf(given);
  const fetches = tensorsOf(results);
  const y = buffers.get("y");
  return {
    variant,
    run: async () => {
      await session.run(feeds, fetches);
    },
    settle: () => real.queue.onSubmittedWorkDone(),
    read: async () => (y ? await readBuffer(real, y, elements(results["y"] ?? [])) : []),
    dispose: async () => {
      await session.release();
      for (const buffer of new Set(buffers.values())) buffer.destroy();
    },
  };
}

const elements = (dims: readonly number[]) => dims.reduce((product, length) => product * length, 1);

function bufferOf(device: GPUDevice, dims: readonly number[], values?: Float32Array<ArrayBuffer>): GPUBuffer {
  const size = Math.ceil((elements(dims) * 4) / 16) * 16;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = device.createBuffer({ size, usage, mappedAtCreation: values !== undefined });
  if (values) {
    new Float32Array(buffer.getMappedRange()).set(values);
    buffer.unmap();
  }
  return buffer;
}

async function readBuffer(device: GPUDevice, buffer: GPUBuffer, length: number): Promise<Float32Array> {
  const staging = device.createBuffer({ size: buffer.size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const values = new Float32Array(staging.getMappedRange().slice(0, length * 4));
  staging.destroy();
  return values;
}
