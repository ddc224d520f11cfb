// A task for which positions matter: a key may be noted several times, and its last note counts.

const keys = ["a", "b", "c"];
const values = ["1", "2", "3", "4"];
const notes = keys.flatMap((key) => values.map((value) => key + value));

/** Notes such as a1, and questions such as a?. */
export const words = [...notes, ...keys.map((key) => `${key}?`)];

const ignored = -100;

/** The last note with the key that is asked for at a position; −100 if there is no question, or no such note. */
function answerAt(ids: readonly number[], at: number): number {
  const asked = words[ids[at] ?? 0] ?? "";
  const isAnswer = (id: number, i: number) => i < at && id < notes.length && words[id]?.[0] === asked[0];
  return asked.endsWith("?") ? (ids.findLast(isAnswer) ?? ignored) : ignored;
}

export const batchOf = (rows: readonly number[][]) => ({
  ids: rows,
  targets: rows.map((ids) => ids.map((_, at) => answerAt(ids, at))),
});

/** Notes and questions at random, as many of one as of the other. */
export const drawn = (random: () => number, count: number, length: number) =>
  batchOf(
    Array.from({ length: count }, () =>
      Array.from({ length }, () => {
        const [from, to] = random() < 1 / 2 ? [0, notes.length] : [notes.length, words.length];
        return from + Math.floor(random() * (to - from));
      }),
    ),
  );

/** The tokens of a reader's notebook, which ends with a question. */
export function idsOf(text: string, longest: number): number[] {
  const given = text.toLowerCase().trim().split(/\s+/);
  const unknown = given.find((word) => !words.includes(word));
  if (unknown !== undefined)
    throw new RangeError(`“${unknown}” is not a word of notebooks: choose from ${words.join(", ")}`);
  if (given.length > longest)
    throw new RangeError(`the notebook has ${given.length} words, expected at most ${longest}`);
  const ids = given.map((word) => words.indexOf(word));
  if (answerAt(ids, ids.length - 1) !== ignored) return ids;
  throw new RangeError(
    `the notebook ends with ${given.at(-1)}, expected a question about a key that is noted before it`,
  );
}
