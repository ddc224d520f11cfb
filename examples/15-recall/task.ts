// Multi-query associative recall (Arora et al. 2023, "Zoology"): a text lists pairs of a key and a value, then asks for
// each key; after a key comes its value.

/** Keys, and as many values, which are the tokens after them. */
const keys = 64;

export const vocabulary = 2 * keys;

/** Tokens of a text with so many pairs. */
export const lengthOf = (pairs: number): number => 3 * pairs;

/** The most pairs, in 128 tokens. */
export const mostPairs = 42;

/** Texts, and the value after each question; −100 where nothing is asked. */
export interface Texts {
  readonly ids: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
}

/** Numbers in [0, 1), the same from the same seed (Park and Miller 1988). */
export function randomOf(seed: number): () => number {
  let word = ((seed * 2_654_435_761) % (2 ** 31 - 2)) + 1;
  return () => {
    word = (word * 16_807) % (2 ** 31 - 1);
    return (word - 1) / (2 ** 31 - 2);
  };
}

/** The first `count` of a list in random order (Fisher and Yates 1938). */
function shuffled(random: () => number, list: readonly number[], count: number): number[] {
  const order = [...list];
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random() * (order.length - i));
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order.slice(0, count);
}

/** Random texts of so many pairs, each key in a text once. */
export function drawn(random: () => number, count: number, pairs: number): Texts {
  const texts = Array.from({ length: count }, () => {
    const chosen = shuffled(random, [...Array(keys).keys()], pairs);
    const values = chosen.map(() => keys + Math.floor(random() * keys));
    const asked = shuffled(random, [...chosen.keys()], pairs);
    return {
      ids: [...chosen.flatMap((key, i) => [key, values[i] ?? 0]), ...asked.map((i) => chosen[i] ?? 0)],
      targets: [...Array<number>(2 * pairs).fill(-100), ...asked.map((i) => values[i] ?? 0)],
    };
  });
  return { ids: texts.map(({ ids }) => ids), targets: texts.map(({ targets }) => targets) };
}
