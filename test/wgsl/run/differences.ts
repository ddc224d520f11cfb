// What differs between a buffer that the interpreter wrote and one that a GPU wrote.
import type { Variable } from "../../../src/wgsl/run/program.ts";

/** What a variable holds after both have run. */
export interface Pair {
  readonly variable: Variable;
  readonly interpreted: ArrayBuffer;
  readonly onGpu: ArrayBuffer;
}

/** Words that differ in a bit. */
export function differentBits({ variable, interpreted, onGpu }: Pair): string[] {
  const [ours, gpus] = [interpreted, onGpu].map((buffer) => new Uint32Array(buffer)) as [Uint32Array, Uint32Array];
  const hex = (word = 0) => `0x${word.toString(16)}`;
  return [...ours.keys()]
    .filter((i) => ours[i] !== gpus[i])
    .map((i) => `word ${i} of ${variable.name}: ${hex(ours[i])}, on the GPU ${hex(gpus[i])}`);
}
