// Arithmetic of i32, u32 and bool that kernels spend their time with. Where both integer types have the same bits as
// result, one loop over the Int32Array serves both. Each operation has a loop of its own, as in floats.ts.
import type { Loop } from "./state.ts";

const add: Loop = ({ i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) i32[to + l] = (i32[a + l] as number) + (i32[b + l] as number);
};

const subtract: Loop = ({ i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) i32[to + l] = (i32[a + l] as number) - (i32[b + l] as number);
};

const multiply: Loop = ({ i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    i32[to + l] = Math.imul(i32[a + l] as number, i32[b + l] as number);
  }
};

const and: Loop = ({ i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) i32[to + l] = (i32[a + l] as number) & (i32[b + l] as number);
};

const or: Loop = ({ i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) i32[to + l] = (i32[a + l] as number) | (i32[b + l] as number);
};

const xor: Loop = ({ i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) i32[to + l] = (i32[a + l] as number) ^ (i32[b + l] as number);
};

/** JavaScript takes the amount modulo 32, as WGSL does. */
const shiftLeft: Loop = ({ i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) i32[to + l] = (i32[a + l] as number) << (i32[b + l] as number);
};

const shiftRight: Loop = ({ i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) i32[to + l] = (i32[a + l] as number) >> (i32[b + l] as number);
};

const shiftRightLogically: Loop = ({ i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) i32[to + l] = (i32[a + l] as number) >>> (i32[b + l] as number);
};

const equal: Loop = ({ i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) i32[to + l] = i32[a + l] === i32[b + l] ? 1 : 0;
};

const unequal: Loop = ({ i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) i32[to + l] = i32[a + l] !== i32[b + l] ? 1 : 0;
};

const not: Loop = ({ i32 }, first, end, to, a) => {
  for (let l = first; l < end; l++) i32[to + l] = (i32[a + l] as number) ^ 1;
};

const lessSigned: Loop = ({ i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    i32[to + l] = (i32[a + l] as number) < (i32[b + l] as number) ? 1 : 0;
  }
};

const lessOrEqualSigned: Loop = ({ i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    i32[to + l] = (i32[a + l] as number) <= (i32[b + l] as number) ? 1 : 0;
  }
};

const leastSigned: Loop = ({ i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    i32[to + l] = Math.min(i32[a + l] as number, i32[b + l] as number);
  }
};

const greatestSigned: Loop = ({ i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    i32[to + l] = Math.max(i32[a + l] as number, i32[b + l] as number);
  }
};

/** Storing truncates; −2^31 / −1 wraps. */
const divideSigned: Loop = ({ i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    const x = i32[a + l] as number;
    const y = i32[b + l] as number;
    i32[to + l] = y === 0 ? x : x / y;
  }
};

const remainderSigned: Loop = ({ i32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    const x = i32[a + l] as number;
    const y = i32[b + l] as number;
    i32[to + l] = y === 0 ? 0 : x % y;
  }
};

const lessUnsigned: Loop = ({ i32, u32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    i32[to + l] = (u32[a + l] as number) < (u32[b + l] as number) ? 1 : 0;
  }
};

const lessOrEqualUnsigned: Loop = ({ i32, u32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    i32[to + l] = (u32[a + l] as number) <= (u32[b + l] as number) ? 1 : 0;
  }
};

const leastUnsigned: Loop = ({ u32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    u32[to + l] = Math.min(u32[a + l] as number, u32[b + l] as number);
  }
};

const greatestUnsigned: Loop = ({ u32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    u32[to + l] = Math.max(u32[a + l] as number, u32[b + l] as number);
  }
};

const divideUnsigned: Loop = ({ u32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    const x = u32[a + l] as number;
    const y = u32[b + l] as number;
    u32[to + l] = y === 0 ? x : x / y;
  }
};

const remainderUnsigned: Loop = ({ u32 }, first, end, to, a, b) => {
  for (let l = first; l < end; l++) {
    const x = u32[a + l] as number;
    const y = u32[b + l] as number;
    u32[to + l] = y === 0 ? 0 : x % y;
  }
};

const ofBoth: readonly (readonly [name: string, loop: Loop])[] = [
  ["+", add],
  ["-", subtract],
  ["*", multiply],
  ["&", and],
  ["|", or],
  ["^", xor],
  ["<<", shiftLeft],
  ["==", equal],
  ["!=", unequal],
];

/** By the names of operators and functions; `>` and `>=` are `<` and `<=` of exchanged operands. */
export const signedLoops: ReadonlyMap<string, Loop> = new Map([
  ...ofBoth,
  [">>", shiftRight],
  ["<", lessSigned],
  ["<=", lessOrEqualSigned],
  ["min", leastSigned],
  ["max", greatestSigned],
  ["/", divideSigned],
  ["%", remainderSigned],
]);

/** By the names of operators and functions; `>` and `>=` are `<` and `<=` of exchanged operands. */
export const unsignedLoops: ReadonlyMap<string, Loop> = new Map([
  ...ofBoth,
  [">>", shiftRightLogically],
  ["<", lessUnsigned],
  ["<=", lessOrEqualUnsigned],
  ["min", leastUnsigned],
  ["max", greatestUnsigned],
  ["/", divideUnsigned],
  ["%", remainderUnsigned],
]);

/** By the names of operators. */
export const booleanLoops: ReadonlyMap<string, Loop> = new Map([
  ["&", and],
  ["|", or],
  ["==", equal],
  ["!=", unequal],
  ["!", not],
]);
