/** The next number of [0, 1). */
export type Random = () => number;

/** One of several values. */
export const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

/** As many values as `count` says. */
export const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
