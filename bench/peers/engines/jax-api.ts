/** The part of jax-js that is used. An operation consumes its arguments; `ref` keeps them. */
export interface JaxArray {
  readonly ref: JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  mul(factor: number | JaxArray): JaxArray;
  add(other: number | JaxArray): JaxArray;
  div(divisor: JaxArray): JaxArray;
  data(): Promise<Float32Array<ArrayBuffer>>;
  blockUntilReady(): Promise<JaxArray>;
  dispose(): void;
}

export type Jitted = ((...inputs: JaxArray[]) => JaxArray) & { dispose?(): void };

export interface Jax {
  init(device: "webgpu"): Promise<string[]>;
  defaultDevice(device: "webgpu"): void;
  getWebGPUDevice(): GPUDevice;
  jit(fn: (...inputs: JaxArray[]) => JaxArray): Jitted;
  readonly numpy: {
    array(values: Float32Array): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    einsum(axes: string, a: JaxArray, b: JaxArray): JaxArray;
    tri(rows: number, columns: number, diagonal: number, options: { dtype: "bool" }): JaxArray;
    where(condition: JaxArray, yes: JaxArray, no: number): JaxArray;
    concatenate(arrays: readonly JaxArray[], axis: number): JaxArray;
    square(x: JaxArray): JaxArray;
    sqrt(x: JaxArray): JaxArray;
    mean(x: JaxArray, axis: number, options: { keepdims: true }): JaxArray;
  };
  readonly nn: {
    softmax(x: JaxArray, axis: number): JaxArray;
    standardize(x: JaxArray, axis: number, options: { epsilon: number }): JaxArray;
    gelu(x: JaxArray): JaxArray;
    dotProductAttention(q: JaxArray, k: JaxArray, v: JaxArray, options: { isCausal: boolean }): JaxArray;
  };
}

/** A function under `jit`, with the shapes and values of its arguments. */
export interface JaxCall {
  readonly variant: string;
  readonly call: (...inputs: JaxArray[]) => JaxArray;
  readonly inputs: readonly JaxArray[];
}
