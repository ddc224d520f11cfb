// The numbers that a buffer holds, by the type of its variable.
import { halfBits, halfOf } from "./numbers.ts";
import { type Place, placesOf, type ScalarName, type Type } from "./types.ts";

const moved = (places: readonly Place[], by: number): Place[] =>
  places.map(({ scalar, offset }) => ({ scalar, offset: offset + by }));

/** The scalars of a buffer of so many bytes, in order; those of a runtime-sized array as far as they fit. */
export function scalarsIn(type: Type, bytes: number): readonly Place[] {
  if (type.kind === "array" && type.count === undefined) {
    const inner = placesOf(type.of);
    return Array.from({ length: Math.floor(bytes / type.stride) }, (_, i) => moved(inner, i * type.stride)).flat();
  }
  if (type.kind !== "struct") return placesOf(type);
  return type.members.flatMap((member) => moved(scalarsIn(member.type, bytes - member.offset), member.offset));
}

/** Reads a scalar at a byte. */
export function numberAt(view: DataView, scalar: ScalarName, byte: number): number {
  if (scalar === "f32") return view.getFloat32(byte, true);
  if (scalar === "f16") return halfOf(view.getUint16(byte, true));
  return scalar === "i32" ? view.getInt32(byte, true) : view.getUint32(byte, true);
}

/** Writes a scalar at a byte. Floats are rounded to nearest, integers wrap. */
export function setNumberAt(view: DataView, scalar: ScalarName, byte: number, value: number): void {
  if (scalar === "f32") view.setFloat32(byte, value, true);
  else if (scalar === "f16") view.setUint16(byte, halfBits(value), true);
  else view.setUint32(byte, value >>> 0, true);
}
