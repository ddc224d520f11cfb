// Views of word vectors: analogies, neighbours, and maps of related words.
import { analogy, nearestWords } from "../../../../src/models/word-models/nearest-words.ts";
import type { Example, Examples } from "../task.ts";
import { type Point, planeOf } from "./plane.ts";

/** Related words in their plane: alternately the first and the second one of each pair. */
export interface WordMap {
  /** The relation. */
  readonly name: string;
  readonly words: readonly string[];
  readonly points: readonly Point[];
}

/** A view of word vectors at a step. */
export interface WordLook {
  readonly maps: readonly WordMap[];
  /** Words with those nearest by angle, nearest first. */
  readonly neighbours: readonly { readonly word: string; readonly near: readonly string[] }[];
}

/** Pairs of each relation whose analogies and neighbours are shown, and number of neighbours. */
const [shownPairs, shownNear] = [2, 5];

/** Four words of a relation, by index: the first is to the second as the third is to the fourth. */
type Analogy = readonly [a: number, b: number, c: number, d: number];

/** All analogies of pairs, in both directions. */
const analogiesOf = (pairs: readonly (readonly [number, number])[]): readonly Analogy[] =>
  pairs.flatMap(([a, b], i) =>
    pairs.flatMap(([c, d], j): readonly Analogy[] =>
      i === j
        ? []
        : [
            [a, b, c, d],
            [b, a, d, c],
          ],
    ),
  );

/** The word that is nearest to the fourth. */
const answerOf = (vectors: readonly Float64Array[], [a, b, c]: Analogy): number =>
  analogy(vectors, a, b, c, { top: 1 })[0]?.word ?? -1;

/**
 * The view of the vectors of an alphabet's words; `accuracy` is the share of analogies whose fourth word comes first.
 */
export function wordLookOf(
  vectors: readonly Float64Array[],
  { alphabet, relations = [], readable }: Pick<Examples, "alphabet" | "relations" | "readable">,
): {
  readonly accuracy: number;
  readonly samples: readonly (Example & { readonly given: string })[];
  readonly words: WordLook;
} {
  const ids = new Map([...alphabet].map((character, id) => [character, id]));
  const nameOf = (id: number) => readable(alphabet[id] ?? "").trim();
  const known = relations.map(({ name, pairs }) => ({
    name,
    pairs: pairs.map(([first, second]) => [ids.get(first) ?? 0, ids.get(second) ?? 0] as const),
  }));
  const asked = known.flatMap(({ pairs }) => analogiesOf(pairs));
  const right = asked.filter((one) => answerOf(vectors, one) === one[3]).length;
  const shown = known.flatMap(({ pairs }) => {
    const [first, ...others] = pairs;
    return first ? others.slice(0, shownPairs).map((pair): Analogy => [...first, ...pair]) : [];
  });
  return {
    accuracy: asked.length > 0 ? right / asked.length : 0,
    samples: shown.map((one) => {
      const [a, b, c, answer] = one.map(nameOf);
      return {
        prompt: `${a} is to ${b} what ${c} is to`,
        answer: answer ?? "",
        given: nameOf(answerOf(vectors, one)),
      };
    }),
    words: {
      maps: known.map(({ name, pairs }) => {
        const members = pairs.flat();
        const towards = Float64Array.from({ length: vectors[0]?.length ?? 0 }, (_, i) =>
          pairs.reduce((sum, [first, second]) => sum + (vectors[second]?.[i] ?? 0) - (vectors[first]?.[i] ?? 0), 0),
        );
        const points = planeOf(
          members.map((id) => vectors[id] ?? []),
          towards,
        );
        const short = (value: number) => Number(value.toPrecision(4));
        return { name, words: members.map(nameOf), points: points.map(([x, y]) => [short(x), short(y)] as const) };
      }),
      neighbours: known.flatMap(({ pairs }) =>
        pairs.slice(0, shownPairs).map(([id]) => ({
          word: nameOf(id),
          near: nearestWords(vectors, id, { top: shownNear }).map(({ word }) => nameOf(word)),
        })),
      ),
    },
  };
}
