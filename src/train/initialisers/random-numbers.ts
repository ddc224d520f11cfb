// Random numbers that are bitwise equal on every machine: words of Threefry, and arithmetic defined by IEEE 754.
import { threefry2x32, uniform01, type Words } from "../../tensor/threefry.ts";

/** Numbers of one tensor: element i depends only on the seed, the tensor's name and i. */
export interface Numbers {
  /** In [0, 1), in steps of 2⁻²⁴. */
  readonly uniform: (i: number) => number;
  /** With mean 0 and variance 1, in float64. */
  readonly normal: (i: number) => number;
}

/** FNV-1a of a text's UTF-16 units (Fowler, Noll and Vo 1991), with a different basis for each word. */
function hash(text: string, basis: number): number {
  let found = basis;
  for (let i = 0; i < text.length; i++) found = Math.imul(found ^ text.charCodeAt(i), 0x01000193);
  return found >>> 0;
}

/** The numbers of a seed, a u32, and a name. */
export function numbersOf(seed: number, name: string): Numbers {
  const key: Words = [seed >>> 0, hash(name, 0x811c9dc5)];
  const stream = hash(name, 0x01000193);
  let [known, first, second] = [-1, 0, 0];
  let [drawn, a, b] = [-1, 0, 0];
  const draw = (pair: number) => {
    if (pair !== known) [first, second] = threefry2x32(key, [pair, stream]);
    known = pair;
  };
  return {
    uniform: (i) => {
      draw(i >>> 1);
      return uniform01(i & 1 ? second : first);
    },
    normal: (i) => {
      if (i >>> 1 !== drawn) {
        draw(i >>> 1);
        const radius = Math.sqrt(-2 * logarithm(first));
        const [x, y] = onCircle(second / 2 ** 32);
        [drawn, a, b] = [i >>> 1, radius * x, radius * y];
      }
      return i & 1 ? b : a;
    },
  };
}

/**
 * The logarithm of (word + ½) / 2³², a number between 0 and 1. JavaScript does not specify the last digits of
 * `Math.log`, so the series of the inverse hyperbolic tangent is summed here: ln m = 2·artanh((m − 1) / (m + 1)),
 * within 2 units of the last place.
 */
export function logarithm(word: number): number {
  const bits = 33 - Math.clz32(word); // of 2 · word + 1
  let m = (2 * word + 1) / 2 ** (bits - 1);
  let exponent = bits - 1 - 33;
  if (m > Math.SQRT2) {
    m /= 2;
    exponent++;
  }
  const s = (m - 1) / (m + 1); // at most 0.172
  const square = s * s;
  let sum = 0;
  for (let n = 21; n >= 1; n -= 2) sum = sum * square + 1 / n;
  return exponent * Math.LN2 + 2 * s * sum;
}

/** cos(2πv) and sin(2πv) of v from 0 to 1, by Taylor's series about the nearest quarter of a turn. */
export function onCircle(v: number): readonly [cosine: number, sine: number] {
  const quarter = Math.round(4 * v);
  const x = 2 * Math.PI * (v - quarter / 4);
  const [c, s] = [cosine(x), sine(x)];
  if (quarter % 4 === 0) return [c, s];
  if (quarter % 4 === 1) return [-s, c];
  return quarter % 4 === 2 ? [-c, -s] : [s, -c];
}

/** cos x of |x| ≤ π / 4. */
function cosine(x: number): number {
  const square = x * x;
  let sum = 1;
  for (let n = 18; n > 0; n -= 2) sum = 1 - (square / (n * (n - 1))) * sum;
  return sum;
}

/** sin x of |x| ≤ π / 4. */
function sine(x: number): number {
  const square = x * x;
  let sum = 1;
  for (let n = 17; n > 1; n -= 2) sum = 1 - (square / (n * (n - 1))) * sum;
  return x * sum;
}
