import { type Field, integer, optional } from "../fields.ts";

/** Bits of a code, of which only some numbers are supported. */
export const bits = (...known: readonly number[]): Field<number | undefined> => ({
  problem: (value) =>
    known.some((one) => one === value)
      ? undefined
      : `is ${String(value)}; only ${known.join(" and ")} bits are supported`,
  absent: { value: undefined },
});

/** The number of elements of a group; −1 stands for whole rows. Those of multiples of 32 are supported. */
export function groups(absent: number): Field<number> {
  const { problem } = integer(1, 1 << 20);
  const check = (value: unknown) => {
    if (value === -1) return undefined;
    const wrong = problem(value);
    if (wrong !== undefined) return `${wrong}, or -1 for whole rows`;
    return Number(value) % 32 === 0 ? undefined : `is ${String(value)}, expected a multiple of 32`;
  };
  return optional({ problem: check }, absent);
}

/** Groups in the name of a scheme. */
export const groupsName = (size: number): string => (size === -1 ? "a group for each row" : `groups of ${size}`);
