// What differs between a buffer that the interpreter wrote and one that a GPU wrote.
import { numberAt, scalarsIn } from "../../../src/wgsl/run/contents.ts";
import type { Variable } from "../../../src/wgsl/run/program.ts";
import type { ScalarName } from "../../../src/wgsl/run/types.ts";

/** What a variable holds after both have run. */
export interface Pair {
  readonly variable: Variable;
  readonly interpreted: ArrayBuffer;
  readonly onGpu: ArrayBuffer;
}

/** Half a unit in the last place of 1. */
const unit = (scalar: ScalarName): number => (scalar === "f16" ? 2 ** -11 : 2 ** -24);

/** Words that differ in a bit. */
export function differentBits({ variable, interpreted, onGpu }: Pair): string[] {
  const [ours, gpus] = [interpreted, onGpu].map((buffer) => new Uint32Array(buffer)) as [Uint32Array, Uint32Array];
  const hex = (word = 0) => `0x${word.toString(16)}`;
  return [...ours.keys()]
    .filter((i) => ours[i] !== gpus[i])
    .map((i) => `word ${i} of ${variable.name}: ${hex(ours[i])}, on the GPU ${hex(gpus[i])}`);
}

/** Which floats may differ how far: `within` times 2^-24 (2^-11 of f16) of the largest of their type in the buffer. */
export interface Bound {
  readonly within: number;
  /** Whether integers have the same bound, as they were floats; otherwise they are equal. */
  readonly integers?: boolean;
}

/** Numbers that differ by more than the bound. NaN and infinities are at the same positions, or they differ. */
export function differentNumbers(
  { variable, interpreted, onGpu }: Pair,
  { within, integers = false }: Bound,
): string[] {
  const places = scalarsIn(variable.type, interpreted.byteLength);
  const [ours, gpus] = [interpreted, onGpu].map((buffer) => new DataView(buffer)) as [DataView, DataView];
  const largest = new Map<ScalarName, number>();
  for (const place of places) {
    const magnitude = Math.abs(numberAt(ours, place.scalar.scalar, place.offset));
    const { scalar } = place.scalar;
    if (Number.isFinite(magnitude)) largest.set(scalar, Math.max(largest.get(scalar) ?? 0, magnitude));
  }
  return places.flatMap((place, i) => {
    const { scalar } = place.scalar;
    const isFloat = scalar === "f32" || scalar === "f16";
    const allowed = isFloat || integers ? within * unit(scalar) * (largest.get(scalar) ?? 0) : 0;
    const [a, b] = [
      numberAt(ours, place.scalar.scalar, place.offset),
      numberAt(gpus, place.scalar.scalar, place.offset),
    ];
    const isNear = Object.is(a, b) || (Number.isFinite(a) && Math.abs(a - b) <= allowed);
    return isNear ? [] : [`number ${i} of ${variable.name}: ${a}, on the GPU ${b}`];
  });
}
