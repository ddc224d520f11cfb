// What differs between a buffer that the interpreter wrote and one that a GPU wrote.
import { differencesOf } from "../../../src/study/differences.ts";
import { compareWithFloat64 } from "../../../src/wgsl/run/float64/elements.ts";
import type { Float64Run } from "../../../src/wgsl/run/float64/float64.ts";
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

/** What a GPU wrote that float64 does not allow; where it gives no bound, what is too far from the interpreter's. */
export function wrongNumbers({ variable, interpreted, onGpu }: Pair, results: Float64Run["results"]): string[] {
  const elements = results.get(variable);
  if (!elements) throw new Error(`float64 has no ${variable.name}`);
  const { outside, worst } = compareWithFloat64(elements, onGpu);
  const beyond = `${outside} numbers of ${variable.name} are out of bounds, such as number ${worst?.index}: ${worst?.found}`;
  return [
    ...(outside === 0 ? [] : [`${beyond}, expected ${worst?.value} ± ${worst?.bound}`]),
    ...differencesOf(elements, interpreted, onGpu).map(
      (one) => `number ${one.index} of ${variable.name}: ${one.interpreted}, on the GPU ${one.onGpu}`,
    ),
  ];
}
