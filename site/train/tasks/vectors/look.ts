// Views of word vectors: analogies, neighbours, and maps of related words.
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

/**
 * Compares vectors of length 1 by cosine: `b − a + c` should be nearest to d, excluding a, b and c (Mikolov et al.
 * 2013, 3CosAdd).
 */
function answerOf(units: readonly Float64Array[], [a, b, c]: Analogy): number {
  const [from, to, other] = [units[a], units[b], units[c]];
  let [best, most] = [-1, Number.NEGATIVE_INFINITY];
  for (const [i, row] of units.entries()) {
    if (i === a || i === b || i === c) continue;
    let sum = 0;
    for (let d = 0; d < row.length; d++) sum += ((to?.[d] ?? 0) - (from?.[d] ?? 0) + (other?.[d] ?? 0)) * (row[d] ?? 0);
    if (sum > most) [best, most] = [i, sum];
  }
  return best;
}

const cosine = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

/** The words nearest to one. */
const nearest = (units: readonly Float64Array[], word: number): readonly number[] =>
  units
    .map((row, i) => [i, cosine(row, units[word] ?? row)] as const)
    .filter(([i]) => i !== word)
    .sort(([i, a], [j, b]) => b - a || i - j)
    .slice(0, shownNear)
    .map(([i]) => i);

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
  const units = vectors.map((vector) => {
    const length = Math.sqrt(cosine(vector, vector)) || 1;
    return vector.map((value) => value / length);
  });
  const known = relations.map(({ name, pairs }) => ({
    name,
    pairs: pairs.map(([first, second]) => [ids.get(first) ?? 0, ids.get(second) ?? 0] as const),
  }));
  const asked = known.flatMap(({ pairs }) => analogiesOf(pairs));
  const right = asked.filter((one) => answerOf(units, one) === one[3]).length;
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
        given: nameOf(answerOf(units, one)),
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
        pairs.slice(0, shownPairs).map(([word]) => ({ word: nameOf(word), near: nearest(units, word).map(nameOf) })),
      ),
    },
  };
}
