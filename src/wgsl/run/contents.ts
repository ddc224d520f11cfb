// The numbers that a buffer holds, by the type of its variable.
import { halfBits, halfOf } from "./numbers.ts";
import { type Place, placesOf, type ScalarName, type Type } from "./types.ts";

/** The scalars of a buffer of so many bytes, in order; those of a runtime-sized array as far as they fit. */
export function scalarsIn(type: Type, bytes: number): readonly Place[] {
  const found: Place[] = [];
  const add = (of: Type, start: number): void => {
    if (of.kind === "struct") for (const { type: inner, offset } of of.members) add(inner, start + offset);
    else if (of.kind === "array") {
      const count = of.count ?? Math.floor((bytes - start) / of.stride);
      for (let i = 0; i < count; i++) add(of.of, start + i * of.stride);
    } else for (const { scalar, offset } of placesOf(of)) found.push({ scalar, offset: start + offset });
  };
  add(type, 0);
  return found;
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
