// Chance that a seed decides.

/** Random integers from 0 to before a limit. */
export type Random = (limit: number) => number;

/** Random numbers of a seed, by the generator mulberry32 (Tommy Ettinger, public domain). */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

/** Exchanges items by chance, in place (Fisher and Yates). */
export function shuffle<T, L extends { readonly length: number; [at: number]: T }>(items: L, random: Random): L {
  for (let i = items.length - 1; i > 0; i--) {
    const other = random(i + 1);
    [items[i], items[other]] = [items[other] as T, items[i] as T];
  }
  return items;
}
