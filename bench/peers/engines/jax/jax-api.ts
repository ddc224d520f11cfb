/** The part of jax-js that is used. An operation consumes its arguments; `ref` keeps them. */
export interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: readonly number[];
  reshape(shape: readonly number[]): JaxArray;
  transpose(): JaxArray;
  /** The element, or the row, at this index. */
  slice(index: number): JaxArray;
  mul(factor: number | JaxArray): JaxArray;
  add(other: number | JaxArray): JaxArray;
  sub(other: number | JaxArray): JaxArray;
  div(divisor: JaxArray): JaxArray;
  equal(other: JaxArray): JaxArray;
  /** Along one axis, or over all. */
  sum(axis?: number): JaxArray;
  mean(axis?: number): JaxArray;
  data(): Promise<Float32Array<ArrayBuffer>>;
  blockUntilReady(): Promise<JaxArray>;
  dispose(): void;
}

/** Arrays by name: functions under `grad` and `jit` take and return such trees, too. */
export type JaxArrays = Record<string, JaxArray>;

/** A function under `jit`. */
export type Jitted<F> = F & { dispose?(): void };

export interface Jax {
  init(device: "webgpu"): Promise<string[]>;
  defaultDevice(device: "webgpu"): void;
  getWebGPUDevice(): GPUDevice;
  jit<F extends (...inputs: never[]) => unknown>(fn: F): Jitted<F>;
  valueAndGrad(fn: (of: JaxArrays) => JaxArray): (of: JaxArrays) => [JaxArray, JaxArrays];
  blockUntilReady(tree: unknown): Promise<unknown>;
  readonly tree: {
    ref(tree: JaxArrays): JaxArrays;
    dispose(tree: unknown): void;
  };
  readonly numpy: {
    array(values: Float32Array | Int32Array): JaxArray;
    zeros(shape: readonly number[]): JaxArray;
    arange(count: number): JaxArray;
    take(from: JaxArray, indices: JaxArray, axis: number): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    einsum(axes: string, a: JaxArray, b: JaxArray): JaxArray;
    tri(rows: number, columns: number, diagonal: number, options: { dtype: "bool" }): JaxArray;
    where(condition: JaxArray, yes: JaxArray, no: number): JaxArray;
    concatenate(arrays: readonly JaxArray[], axis: number): JaxArray;
    flip(x: JaxArray, axis: number): JaxArray;
    minimum(a: number, b: JaxArray): JaxArray;
    reciprocal(x: JaxArray): JaxArray;
    square(x: JaxArray): JaxArray;
    sqrt(x: JaxArray): JaxArray;
    mean(x: JaxArray, axis: number, options: { keepdims: true }): JaxArray;
  };
  readonly nn: {
    softmax(x: JaxArray, axis: number): JaxArray;
    logsumexp(x: JaxArray, axis: number): JaxArray;
    standardize(x: JaxArray, axis: number, options: { epsilon: number }): JaxArray;
    gelu(x: JaxArray): JaxArray;
    silu(x: JaxArray): JaxArray;
    dotProductAttention(q: JaxArray, k: JaxArray, v: JaxArray, options: { isCausal: boolean }): JaxArray;
  };
}

/** A function under `jit`, with its arguments' shapes and values. */
export interface JaxCall {
  readonly variant: string;
  readonly call: (...inputs: JaxArray[]) => JaxArray;
  readonly inputs: readonly JaxArray[];
}
