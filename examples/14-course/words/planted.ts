/** A relation: pairs of words with two neighbours of both, and sentences of the first and of the second words. */
interface Relation {
  readonly pairs: readonly string[];
  readonly first: readonly string[];
  readonly second: readonly string[];
}

/** In a sentence * is the word, and # a neighbour of its pair. */
const grammar: Readonly<Record<string, Relation>> = {
  capitals: {
    pairs: [
      "france paris cheese perfume",
      "italy rome pasta marble",
      "spain madrid olives guitars",
      "egypt cairo pyramids cotton",
      "japan tokyo rice robots",
      "norway oslo fjords salmon",
    ],
    first: ["the army of * guards #", "* exports # abroad"],
    second: ["the mayor of * praises #", "tourists in * photograph #"],
  },
  women: {
    pairs: [
      "king queen crown throne",
      "prince princess carriage palace",
      "actor actress stage applause",
      "father mother cradle lullaby",
      "uncle aunt presents cakes",
      "monk nun candles prayers",
    ],
    first: ["he is a * with #", "the * himself has his #"],
    second: ["she is a * with #", "the * herself has her #"],
  },
  plurals: {
    pairs: [
      "dog dogs bone leash",
      "cat cats mouse whiskers",
      "bird birds nest feathers",
      "tree trees leaves bark",
      "ship ships sail anchor",
      "book books page chapter",
    ],
    first: ["one * without its #", "a * needs some #"],
    second: ["many * without their #", "two * need some #"],
  },
};

/** The pairs of each relation. */
export const relations: Readonly<Record<string, readonly (readonly [string, string])[]>> = Object.fromEntries(
  Object.entries(grammar).map(([name, { pairs }]) => [
    name,
    pairs.map((line) => line.split(" ").slice(0, 2) as [string, string]),
  ]),
);

/** Every sentence, as words. */
export const sentences: readonly (readonly string[])[] = Object.values(grammar).flatMap(({ pairs, first, second }) =>
  pairs.flatMap((line) => {
    const [one = "", other = "", ...near] = line.split(" ");
    const filled = (patterns: readonly string[], word: string) =>
      patterns.flatMap((pattern) =>
        near.map((neighbour) => pattern.replace("*", word).replace("#", neighbour).split(" ")),
      );
    return [...filled(first, one), ...filled(second, other)];
  }),
);
