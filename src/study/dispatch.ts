// What one dispatch of a kernel is: uniforms, contents of buffers, workgroups.

/** Numbers of f32 that are all different and in no order. */
interface Numbers {
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

/** One dispatch of a kernel. */
export interface Dispatch {
  /** Fields of each uniform, by the uniform's name and theirs; fields that are not named are 0. */
  readonly uniforms: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** What buffers hold that the kernel reads, also those that it writes as well. A uniform may be here as words. */
  readonly inputs: Readonly<Record<string, Numbers | Float32Array | Uint32Array>>;
  /** 4-byte words of each buffer that the kernel only writes: all of them, by the workgroups together. */
  readonly outputs: Readonly<Record<string, number>>;
  readonly workgroups: readonly [number, number, number];
  /** True of a kernel that has one workgroup and never more. */
  readonly alone?: boolean;
}

/** The contents of inputs, by name. */
export type Inputs = Readonly<Record<string, Float32Array | Uint32Array>>;

/** `count` numbers between -1.5 and 1.5, none of them 0. */
export const floats = (count: number): Numbers => ({ count, from: -1.5, to: 1.5 });

/** `count` numbers between 0.1 and 1. */
export const positive = (count: number): Numbers => ({ count, from: 0.1, to: 1 });

export const words = (...values: number[]): Uint32Array => Uint32Array.from(values);

/** `count` words without order. */
export const randomWords = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => scattered(i));

const scattered = (i: number): number => Math.imul(i, 2_654_435_761) >>> 0;

/** How many different numbers there are: differences of neighbours in [-1.5, 1.5] are still exact enough in f32. */
const bits = 22;
const mask = 2 ** bits - 1;

/** A number below 2^22 for each below it, each another one: steps that can be undone, so none occurs twice. */
function permuted(i: number): number {
  let mixed = i;
  for (const factor of [0x2c1b3c6d, 0x297a2d39]) {
    mixed ^= mixed >>> 11;
    mixed = Math.imul(mixed, factor) & mask;
  }
  return mixed ^ (mixed >>> 11);
}

/** A number from a name and a seed, at which the numbers of a buffer begin. */
function beginning(name: string, seed: number): number {
  let hash = Math.imul(seed + 1, 0x9e3779b1);
  for (const letter of name) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 7) & mask;
}

function valuesOf(name: string, { count, from, to }: Numbers, seed: number): Float32Array {
  const first = beginning(name, seed);
  const value = (i: number) => from + ((to - from) * (permuted((first + i) & mask) + 0.5)) / 2 ** bits;
  return Float32Array.from({ length: count }, (_, i) => value(i));
}

/**
 * The contents of a dispatch's inputs. Each buffer has numbers of its own; another seed gives others. Words that are
 * stated, such as ids, are the same for all seeds.
 */
export function inputsOf({ inputs }: Dispatch, seed = 0): Inputs {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, given]) => [
      name,
      "from" in given && "to" in given ? valuesOf(name, given, seed) : given.slice(),
    ]),
  );
}
