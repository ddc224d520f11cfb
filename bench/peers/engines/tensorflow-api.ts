/** The part of TensorFlow.js that is used. */
export interface TfTensor {
  data(): Promise<Float32Array<ArrayBuffer>>;
  dispose(): void;
}

/** The WebGPU backend, which collects dispatches in a command encoder and has a function to submit them. */
export interface TfBackend {
  readonly device: GPUDevice;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

export interface TensorFlow {
  readonly version_core: string;
  setBackend(name: "webgpu"): Promise<boolean>;
  ready(): Promise<void>;
  backend(): TfBackend;
  tensor(values: Float32Array, shape: readonly number[], dtype: "float32"): TfTensor;
  matMul(a: TfTensor, b: TfTensor, transposeA?: boolean, transposeB?: boolean): TfTensor;
  readonly fused: { matMul(options: { a: TfTensor; b: TfTensor; bias: TfTensor }): TfTensor };
  mul(a: TfTensor | number, b: TfTensor | number): TfTensor;
  add(a: TfTensor | number, b: TfTensor | number): TfTensor;
  sub(a: TfTensor, b: TfTensor): TfTensor;
  square(x: TfTensor): TfTensor;
  rsqrt(x: TfTensor): TfTensor;
  tanh(x: TfTensor): TfTensor;
  mean(x: TfTensor, axis: number, keepDims: true): TfTensor;
  moments(x: TfTensor, axis: number, keepDims: true): { readonly mean: TfTensor; readonly variance: TfTensor };
  reshape(x: TfTensor, shape: readonly number[]): TfTensor;
  transpose(x: TfTensor, order: readonly number[]): TfTensor;
  concat(tensors: readonly TfTensor[], axis: number): TfTensor;
  softmax(x: TfTensor): TfTensor;
  tidy(fn: () => TfTensor): TfTensor;
}

/** A call with its arguments, which live as long as the call is used. */
export interface TfCall {
  readonly variant: string;
  readonly call: () => TfTensor;
  readonly inputs: readonly TfTensor[];
}

/** The numbers added to scores so that a query does not see the keys after it. */
export function causalMask(t: number, s: number): Float32Array {
  const mask = new Float32Array(t * s);
  for (let i = 0; i < t; i++) mask.fill(-1e9, i * s + s - t + i + 1, (i + 1) * s);
  return mask;
}
