// Numbers of a buffer as float64 knows them, and how a buffer that a GPU has written compares.
import { halfOf } from "../numbers.ts";
import { type Place, placesOf, type ScalarName, type Type } from "../types.ts";
import { isDecided, type MemoryNumbers, numberIn } from "./shadow.ts";

/** The scalars of a buffer in the order of their places: floats and integers. Padding has none. */
export interface Elements {
  readonly scalars: readonly ScalarName[];
  /** Bytes from the start of the buffer. */
  readonly offsets: Int32Array;
  readonly values: Float64Array;
  /** How far a GPU's number may be from the value; infinite where WGSL says nothing of it. */
  readonly bounds: Float64Array;
  /** 1 where rounding has decided between this number and any other one; its bound says nothing then. */
  readonly decided: Uint8Array;
}

/** Visits the scalars of a value, also of a runtime-sized array at its end, in a buffer of so many bytes. */
function forEachScalar(type: Type, offset: number, bytes: number, visit: (place: Place) => void): void {
  if (type.kind === "struct") {
    for (const member of type.members) forEachScalar(member.type, offset + member.offset, bytes, visit);
  } else if (type.kind === "array") {
    const count = type.count ?? Math.floor((bytes - offset) / type.stride);
    for (let i = 0; i < count; i++) forEachScalar(type.of, offset + i * type.stride, bytes, visit);
  } else {
    for (const place of placesOf(type)) visit({ scalar: place.scalar, offset: offset + place.offset });
  }
}

const readers: Readonly<Partial<Record<ScalarName, (view: DataView, offset: number) => number>>> = {
  f32: (view, offset) => view.getFloat32(offset, true),
  i32: (view, offset) => view.getInt32(offset, true),
  f16: (view, offset) => halfOf(view.getUint16(offset, true)),
};

const numberAt = (view: DataView, scalar: ScalarName, offset: number): number =>
  readers[scalar]?.(view, offset) ?? view.getUint32(offset, true);

/** What is known of a buffer of a type. */
export function elementsOf(type: Type, buffer: ArrayBuffer, memory: MemoryNumbers | undefined): Elements {
  const places: Place[] = [];
  forEachScalar(type, 0, buffer.byteLength, (place) => places.push(place));
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

/** A number that is further from float64 than WGSL allows, or the one that is closest to being so. */
interface ComparedElement {
  readonly index: number;
  readonly found: number;
  readonly value: number;
  readonly bound: number;
  /** Of the bound: how much of it the difference is. */
  readonly ratio: number;
}

/** How numbers of a buffer compare. */
export interface Float64Comparison {
  /** At most the bound away. */
  readonly within: number;
  readonly outside: number;
  /** Not compared: rounding has decided them. */
  readonly decided: number;
  /** Not compared: WGSL says nothing of them. */
  readonly unbounded: number;
  /** The largest ratio; undefined if all that are compared are the same as in float64. */
  readonly worst: ComparedElement | undefined;
  /** For each element the share of the bound that its difference is; NaN of those that are not compared. */
  readonly ratios: Float64Array;
}

/** Compares a buffer that the interpreter or a GPU has written with what float64 knows of it. */
export function compareWithFloat64(elements: Elements, buffer: ArrayBuffer): Float64Comparison {
  const { scalars, offsets, values, bounds, decided } = elements;
  const view = new DataView(buffer);
  const ratios = new Float64Array(values.length).fill(Number.NaN);
  const counts = { within: 0, outside: 0, decided: 0, unbounded: 0 };
  let worst: ComparedElement | undefined;
  for (const [index, value] of values.entries()) {
    const bound = bounds[index] as number;
    if (decided[index] === 1) counts.decided++;
    else if (bound === Number.POSITIVE_INFINITY) counts.unbounded++;
    else {
      const found = numberAt(view, scalars[index] as ScalarName, offsets[index] as number);
      const ratio = ratioOf(found, value, bound);
      ratios[index] = ratio;
      if (ratio <= 1) counts.within++;
      else counts.outside++;
      if (ratio > (worst?.ratio ?? 0)) worst = { index, found, value, bound, ratio };
    }
  }
  return { ...counts, worst, ratios };
}

/** A zero may have either sign; NaN is NaN. */
function ratioOf(found: number, value: number, bound: number): number {
  if (found === value || (Number.isNaN(found) && Number.isNaN(value))) return 0;
  const ratio = Math.abs(found - value) / bound;
  return Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio;
}
