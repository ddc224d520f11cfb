// What differs between a buffer that the interpreter wrote and one that a GPU wrote.
import { halfOf } from "../../../src/wgsl/run/numbers.ts";
import type { Variable } from "../../../src/wgsl/run/program.ts";
import { type Place, placesOf, type ScalarName, type Type } from "../../../src/wgsl/run/types.ts";

/** What a variable holds after both have run. */
export interface Pair {
  readonly variable: Variable;
  readonly interpreted: ArrayBuffer;
  readonly onGpu: ArrayBuffer;
}

/** The scalars of a buffer, also of a runtime-sized array at its end. */
function scalarsIn(type: Type, bytes: number): readonly Place[] {
  if (type.kind === "array" && type.count === undefined) {
    const inner = placesOf(type.of);
    return Array.from({ length: Math.floor(bytes / type.stride) }, (_, i) => moved(inner, i * type.stride)).flat();
  }
  if (type.kind !== "struct") return placesOf(type);
  return type.members.flatMap((member) => moved(scalarsIn(member.type, bytes - member.offset), member.offset));
}

const moved = (places: readonly Place[], by: number): Place[] =>
  places.map(({ scalar, offset }) => ({ scalar, offset: offset + by }));

const readers: Readonly<Partial<Record<ScalarName, (view: DataView, offset: number) => number>>> = {
  f32: (view, offset) => view.getFloat32(offset, true),
  i32: (view, offset) => view.getInt32(offset, true),
  f16: (view, offset) => halfOf(view.getUint16(offset, true)),
};

function numberAt(view: DataView, { scalar, offset }: Place): number {
  return readers[scalar.scalar]?.(view, offset) ?? view.getUint32(offset, true);
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
    const magnitude = Math.abs(numberAt(ours, place));
    const { scalar } = place.scalar;
    if (Number.isFinite(magnitude)) largest.set(scalar, Math.max(largest.get(scalar) ?? 0, magnitude));
  }
  return places.flatMap((place, i) => {
    const { scalar } = place.scalar;
    const isFloat = scalar === "f32" || scalar === "f16";
    const allowed = isFloat || integers ? within * unit(scalar) * (largest.get(scalar) ?? 0) : 0;
    const [a, b] = [numberAt(ours, place), numberAt(gpus, place)];
    const isNear = Object.is(a, b) || (Number.isFinite(a) && Math.abs(a - b) <= allowed);
    return isNear ? [] : [`number ${i} of ${variable.name}: ${a}, on the GPU ${b}`];
  });
}
