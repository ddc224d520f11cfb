// Numbers of a buffer as float64 knows them, and how a buffer that a GPU has written compares.
import { numberAt, scalarsIn } from "../contents.ts";
import type { ScalarName, Type } from "../types.ts";
import { comparison, type Float64Comparison, type Float64Numbers } from "./comparison.ts";
import { isDecided, type MemoryNumbers, numberIn } from "./shadow.ts";

/** The scalars of a buffer in the order of their places: floats and integers. Padding has none. */
export interface Elements extends Float64Numbers {
  readonly scalars: readonly ScalarName[];
  /** Bytes from the start of the buffer. */
  readonly offsets: Int32Array;
}

/** What is known of a buffer of a type. */
export function elementsOf(type: Type, buffer: ArrayBuffer, memory: MemoryNumbers | undefined): Elements {
  const places = scalarsIn(type, buffer.byteLength);
  const scalars = places.map(({ scalar }) => scalar.scalar);
  const offsets = Int32Array.from(places, ({ offset }) => offset);
  const view = new DataView(buffer);
  const [values, bounds] = [new Float64Array(places.length), new Float64Array(places.length)];
  const marks = new Uint8Array(places.length);
  for (const [i, scalar] of scalars.entries()) {
    const offset = offsets[i] as number;
    const { value, bound } = numberIn(memory, offset, numberAt(view, scalar, offset), scalar);
    values[i] = value;
    bounds[i] = bound;
    marks[i] = memory && isDecided(memory, offset) ? 1 : 0;
  }
  return { scalars, offsets, values, bounds, decided: marks };
}

/** Compares a buffer that the interpreter or a GPU has written with what float64 knows of it. */
export function compareWithFloat64(elements: Elements, buffer: ArrayBuffer): Float64Comparison {
  const { scalars, offsets } = elements;
  const view = new DataView(buffer);
  return comparison(elements, (i) => numberAt(view, scalars[i] as ScalarName, offsets[i] as number));
}
