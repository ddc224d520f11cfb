// Tensors as golden files list them, with names.
import { expect } from "vitest";
import { type Dense, dense } from "../../../src/reference/dense.ts";

/** A tensor of a golden file: its shape and its numbers in order. */
export interface Listed {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** Tensors by name. */
export type NamedLists = Readonly<Record<string, Listed>>;

/** Each of them as something else, under the same name. */
export const mapped = <T>(named: NamedLists, change: (listed: Listed) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(named).map(([name, listed]) => [name, change(listed)]));

/** For the reference. */
export const asDense = ({ shape, values }: Listed): Dense => dense(shape, values);

/** Fails unless each number is within `most` of the one listed, times the largest of them if that is above 1. */
export function expectClose(
  found: ArrayLike<number> | undefined,
  wanted: Listed | undefined,
  most: number,
  name: string,
): void {
  expect(found?.length, name).toBe(wanted?.values.length);
  const largest = Math.max(1, ...(wanted?.values ?? []).map(Math.abs));
  for (const [i, value] of (wanted?.values ?? []).entries()) {
    expect(Math.abs((found?.[i] ?? Number.NaN) - value), `${name}[${i}]`).toBeLessThan(most * largest);
  }
}
