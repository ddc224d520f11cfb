// Arithmetic of f32 that kernels spend their time with. Storing to a Float32Array rounds to the nearest f32.
//
// Each function has a loop of its own, which engines compile for one operation and one kind of array; a loop that called
// a function for each lane would be shared by all operations, and slower.
import { fma } from "../numbers.ts";
import type { Loop } from "./state.ts";

const add: Loop = ({ f32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    f32[to + l] = (f32[a + l] as number) + (f32[b + l] as number);
  }
};

const subtract: Loop = ({ f32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    f32[to + l] = (f32[a + l] as number) - (f32[b + l] as number);
  }
};

const multiply: Loop = ({ f32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    f32[to + l] = (f32[a + l] as number) * (f32[b + l] as number);
  }
};

const divide: Loop = ({ f32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    f32[to + l] = (f32[a + l] as number) / (f32[b + l] as number);
  }
};

const fused: Loop = ({ f32 }, first, end, to, a, b, c) => {
  for (let l = first; l < end; l++) {
    f32[to + l] = fma(f32[a + l] as number, f32[b + l] as number, f32[c + l] as number);
  }
};

const negate: Loop = ({ f32 }, first, end, to, a) => {
  for (let l = first; l < end; l++) f32[to + l] = -(f32[a + l] as number);
};

const absolute: Loop = ({ f32 }, first, end, to, a) => {
  for (let l = first; l < end; l++) f32[to + l] = Math.abs(f32[a + l] as number);
};

const least: Loop = ({ f32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    const isLess = (f32[b + l] as number) < (f32[a + l] as number);
    f32[to + l] = f32[(isLess ? b : a) + l] as number;
  }
};

const greatest: Loop = ({ f32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    const isLess = (f32[a + l] as number) < (f32[b + l] as number);
    f32[to + l] = f32[(isLess ? b : a) + l] as number;
  }
};

const equal: Loop = ({ f32, i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) i32[to + l] = f32[a + l] === f32[b + l] ? 1 : 0;
};

const unequal: Loop = ({ f32, i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) i32[to + l] = f32[a + l] !== f32[b + l] ? 1 : 0;
};

const less: Loop = ({ f32, i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    i32[to + l] = (f32[a + l] as number) < (f32[b + l] as number) ? 1 : 0;
  }
};

const lessOrEqual: Loop = ({ f32, i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    i32[to + l] = (f32[a + l] as number) <= (f32[b + l] as number) ? 1 : 0;
  }
};

/** By the names of operators and functions; `>` and `>=` are `<` and `<=` of exchanged operands. */
export const floatLoops: ReadonlyMap<string, Loop> = new Map([
  ["+", add],
  ["-", subtract],
  ["*", multiply],
  ["/", divide],
  ["fma", fused],
  ["negate", negate],
  ["abs", absolute],
  ["min", least],
  ["max", greatest],
  ["==", equal],
  ["!=", unequal],
  ["<", less],
  ["<=", lessOrEqual],
]);
