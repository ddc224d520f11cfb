// The kinds of parameters of masks and scores, from which types, checks and notation are derived.
import type { Tensor } from "../../../tensor/tensor.ts";

/** An integer from `least` to `most`. */
interface Count {
  readonly type: "count";
  readonly min: number;
  readonly max: number;
  /** A value for a few hundred keys, with which the page and the gallery begin. */
  readonly usual: number;
  readonly optional: boolean;
}

/** A number above 0. */
export interface Factor {
  readonly type: "factor";
  readonly usual: number;
}

/** One of several values; default the first. */
export interface Choice<V extends string | number = string | number> {
  readonly type: "choice";
  readonly of: readonly V[];
}

/** The call for which a tensor is made: numbers of sequences, heads, queries and keys. */
export interface CallShape {
  readonly b: number;
  readonly h: number;
  readonly t: number;
  readonly s: number;
  /** Random numbers, the same for the same seed. */
  readonly random: (seed: number) => RandomNumbers;
}

/** The call for which examples are made, and the length of its shortest windows. */
export interface ExampleCall extends CallShape {
  readonly unit: number;
}

/** Numbers from 0 up to but not including 1; normally distributed numbers; integers below a bound. */
interface RandomNumbers {
  readonly uniform: () => number;
  readonly normal: () => number;
  readonly integer: (below: number) => number;
}

/** The values of a tensor, row-major. */
export interface Filled {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** A tensor, with the numbers that stand for it in notation and from which it is made for a call. */
export interface TensorParameter<From extends Counts = Counts> {
  readonly type: "tensor";
  readonly dtype: "u32" | "f32";
  /** Its axes. `b or 1` may be shared by all; letters other than b, h, t and s are free. */
  readonly pattern: string;
  readonly from: From;
  make(call: CallShape, numbers: { readonly [K in keyof From]: number } & Numbers): Filled;
}

type Counts = Readonly<Record<string, Count>>;
export type Numbers = Readonly<Record<string, number>>;
export type Parameter = Count | Factor | Choice | TensorParameter;
export type Parameters = Readonly<Record<string, Parameter>>;

type IsOptional<P extends Parameter> = P extends Choice | { readonly optional: true } ? true : false;
type OptionalNames<P extends Parameters> = { [K in keyof P]: IsOptional<P[K]> extends true ? K : never }[keyof P];
type ValueOf<P extends Parameter, T> =
  P extends Choice<infer V> ? V : P extends { readonly type: "tensor" } ? T : number;

/** The values of parameters, their tensors as `T`. */
export type Values<P extends Parameters, T = Tensor> = {
  readonly [K in Exclude<keyof P, OptionalNames<P>>]: ValueOf<P[K], T>;
} & { readonly [K in OptionalNames<P>]?: ValueOf<P[K], T> };

/** A mask or score as an argument of attention: its name, or an object with its parameters. */
export type Given<R extends { readonly name: string; readonly parameters: Parameters }, T = Tensor> = R extends {
  readonly name: infer Name;
  readonly parameters: infer P extends Parameters;
}
  ? keyof P extends never
    ? Name
    : { readonly kind: Name } & Values<P, T>
  : never;

/** The records by name. Throws where two have the same name. */
export function byName<R extends { readonly name: string }>(records: readonly R[]): ReadonlyMap<string, R> {
  const named = new Map(records.map((record) => [record.name, record]));
  if (named.size === records.length) return named;
  throw new Error(`two records have the same name: ${records.map(({ name }) => name).join(", ")}`);
}

/** Caches `make` by key. */
export function memo<K, V>(
  made: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  make: () => V,
): V {
  const known = made.get(key);
  if (known !== undefined) return known;
  const value = make();
  made.set(key, value);
  return value;
}

/** An integer of at min `min` (default 1); `usual` is for a few hundred keys. */
export const count = (usual: number, { min = 1, max = 2 ** 30 } = {}) =>
  ({ type: "count", min, max, usual, optional: false }) as const satisfies Count;

/** An optional positive integer. */
export const optionalCount = (usual: number) => ({ ...count(usual), optional: true }) as const satisfies Count;

/** A number above 0; `usual` is an example. */
export const factor = (usual: number): Factor => ({ type: "factor", usual });

/** One of several values; default the first. */
export const choice = <const V extends readonly (string | number)[]>(...of: V): Choice<V[number]> => ({
  type: "choice",
  of,
});

/** A tensor with these axes, made from its written numbers. */
export const tensorOf = <const From extends Counts>(
  dtype: "u32" | "f32",
  pattern: string,
  from: From,
  make: TensorParameter<From>["make"],
): TensorParameter<From> => ({ type: "tensor", dtype, pattern, from, make });

/** A tensor with this shape. */
export function filled(shape: readonly number[], value: (i: number) => number): Filled {
  const size = shape.reduce((product, axis) => product * axis, 1);
  return { shape, values: Array.from({ length: size }, (_, i) => value(i)) };
}
