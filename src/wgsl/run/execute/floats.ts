// Arithmetic of f32 that kernels spend their time with. Storing to a Float32Array rounds to the nearest f32.
//
// All of these functions look alike on purpose: each has a loop of its own, which engines compile for one operation and
// one kind of array.
import { fma } from "../numbers.ts";
import type { Loop } from "./state.ts";

const add: Loop = ({ active, f32 }, to, a, b) => {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) {
      f32[to + l] = (f32[a + l] as number) + (f32[b + l] as number);
    }
  }
};

const subtract: Loop = ({ active, f32 }, to, a, b) => {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) {
      f32[to + l] = (f32[a + l] as number) - (f32[b + l] as number);
    }
  }
};

const multiply: Loop = ({ active, f32 }, to, a, b) => {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) {
      f32[to + l] = (f32[a + l] as number) * (f32[b + l] as number);
    }
  }
};

const divide: Loop = ({ active, f32 }, to, a, b) => {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) {
      f32[to + l] = (f32[a + l] as number) / (f32[b + l] as number);
    }
  }
};

const fused: Loop = ({ active, f32 }, to, a, b, c) => {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) {
      f32[to + l] = fma(f32[a + l] as number, f32[b + l] as number, f32[c + l] as number);
    }
  }
};

const negate: Loop = ({ active, f32 }, to, a) => {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) f32[to + l] = -(f32[a + l] as number);
  }
};

const absolute: Loop = ({ active, f32 }, to, a) => {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) f32[to + l] = Math.abs(f32[a + l] as number);
  }
};

const least: Loop = ({ active, f32 }, to, a, b) => {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) {
      const isLess = (f32[b + l] as number) < (f32[a + l] as number);
      f32[to + l] = f32[(isLess ? b : a) + l] as number;
    }
  }
};

const greatest: Loop = ({ active, f32 }, to, a, b) => {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) {
      const isLess = (f32[a + l] as number) < (f32[b + l] as number);
      f32[to + l] = f32[(isLess ? b : a) + l] as number;
    }
  }
};

const equal: Loop = ({ active, f32, i32 }, to, a, b) => {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) i32[to + l] = f32[a + l] === f32[b + l] ? 1 : 0;
  }
};

const unequal: Loop = ({ active, f32, i32 }, to, a, b) => {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) i32[to + l] = f32[a + l] !== f32[b + l] ? 1 : 0;
  }
};

const less: Loop = ({ active, f32, i32 }, to, a, b) => {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) {
      i32[to + l] = (f32[a + l] as number) < (f32[b + l] as number) ? 1 : 0;
    }
  }
};

const lessOrEqual: Loop = ({ active, f32, i32 }, to, a, b) => {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) {
      i32[to + l] = (f32[a + l] as number) <= (f32[b + l] as number) ? 1 : 0;
    }
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
