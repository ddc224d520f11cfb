// Conversions between scalar types, by value.
import { floatToInteger, roundHalf, roundTo } from "../numbers.ts";
import type { ScalarName } from "../types.ts";
import { type Action, actionOf, forEachLane, type Loop, type State, viewOf } from "./state.ts";

const floatOfSigned: Loop = ({ f32, i32 }, first, end, to, from) => {
  for (let l = first; l < end; l++) f32[to + l] = i32[from + l] as number;
};

const floatOfUnsigned: Loop = ({ f32, u32 }, first, end, to, from) => {
  for (let l = first; l < end; l++) f32[to + l] = u32[from + l] as number;
};

/** Clamps to what both types represent and truncates; NaN becomes 0. */
const signedOfFloat: Loop = ({ f32, i32 }, first, end, to, from) => {
  for (let l = first; l < end; l++) {
    i32[to + l] = Math.min(Math.max(f32[from + l] as number, -2147483648), 2147483520);
  }
};

/** Clamps to what both types represent and truncates; NaN becomes 0. */
const unsignedOfFloat: Loop = ({ f32, u32 }, first, end, to, from) => {
  for (let l = first; l < end; l++) {
    u32[to + l] = Math.min(Math.max(f32[from + l] as number, 0), 4294967040);
  }
};

const loops: Readonly<Record<string, Loop>> = {
  "i32 to f32": floatOfSigned,
  "bool to f32": floatOfSigned,
  "u32 to f32": floatOfUnsigned,
  "f32 to i32": signedOfFloat,
  "f32 to u32": unsignedOfFloat,
};

/** Converts a slot of one scalar type to one of another. */
export function convertAction(
  state: State,
  to: number,
  toScalar: ScalarName,
  from: number,
  scalar: ScalarName,
): Action {
  const loop = loops[`${scalar} to ${toScalar}`];
  if (loop) return actionOf(loop, state, to, from);
  const [source, target] = [viewOf(state, scalar), viewOf(state, toScalar)];
  const convert = converter(scalar, toScalar);
  const visit = (l: number) => {
    target[to + l] = convert(source[from + l] as number);
  };
  return () => forEachLane(state.active, visit);
}

function converter(from: ScalarName, to: ScalarName): (x: number) => number {
  if (to === "bool") return (x) => (x === 0 ? 0 : 1);
  if ((from === "f32" || from === "f16") && (to === "i32" || to === "u32")) return (x) => floatToInteger(x, to, from);
  return (x) => roundTo(x, to);
}

/** Rounds a slot to f16. */
export const roundToHalf: Loop = ({ f32 }, first, end, to, from) => {
  for (let l = first; l < end; l++) f32[to + l] = roundHalf(f32[from + l] as number);
};
