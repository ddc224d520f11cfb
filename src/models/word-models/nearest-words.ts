import { checkOptions, checkValue, fieldsOf, having, integer, listOf } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";

/** A word and how near it is. */
export interface NearestWord {
  /** Its row of the vectors. */
  readonly word: number;
  /** The cosine of the angle between its vector and the query's, from −1 to 1. */
  readonly cosine: number;
}

/** Options of `analogy` and `nearestWords`. */
export interface NearestOptions {
  /** Maximum number of words; default 10. */
  readonly top?: number | undefined;
}

const fields = fieldsOf<NearestOptions>({ top: integer(1) });

type Vector = ArrayLike<number>;

function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function normalised(vector: Vector): Float64Array {
  const norm = Math.sqrt(dot(vector, vector));
  return Float64Array.from(vector, (x) => (norm > 0 ? x / norm : 0));
}

/** The rows nearest to a vector by cosine, nearest first, without those excluded. */
function nearestTo(vectors: readonly Vector[], to: Vector, excluded: readonly number[], top = 10): NearestWord[] {
  const wanted = normalised(to);
  const all = vectors.map((vector, word) => ({ word, cosine: dot(normalised(vector), wanted) }));
  const others = all.filter(({ word }) => !excluded.includes(word));
  return others.sort((x, y) => y.cosine - x.cosine || x.word - y.word).slice(0, top);
}

/** Throws `OptionError` for vectors of several widths, words without a vector, and invalid options. */
function checkLookup(
  where: string,
  vectors: readonly Vector[],
  words: Readonly<Record<string, number>>,
  options: NearestOptions,
): void {
  checkValue(where, "vectors", listOf(having("length", "a list of numbers")), vectors);
  if (vectors.length === 0) throw new OptionError(`${where}: vectors is empty, expected a vector for each word`);
  const width = vectors[0]?.length;
  const other = vectors.findIndex(({ length }) => length !== width);
  if (other >= 0) {
    throw new OptionError(
      `${where}: vectors[${other}] has ${vectors[other]?.length} numbers, expected ${width} (from vectors[0])`,
    );
  }
  for (const [name, word] of Object.entries(words)) checkValue(where, name, integer(0, vectors.length - 1), word);
  checkOptions(where, fields, options);
}

const vectorOf = (vectors: readonly Vector[], word: number): Float64Array => normalised(vectors[word] ?? []);

/**
 * The words d for which a is to b as c is to d: those nearest by cosine to b − a + c, all vectors scaled to length 1
 * (Mikolov et al. 2013). The three, one of which would often be the nearest, are left out. Words are rows of
 * `vectors`; the nearest comes first.
 *
 * @throws OptionError for vectors of several widths, a word that has no vector, and invalid options.
 */
export function analogy(
  vectors: readonly ArrayLike<number>[],
  a: number,
  b: number,
  c: number,
  options: NearestOptions = {},
): NearestWord[] {
  checkLookup("analogy", vectors, { a, b, c }, options);
  const [from, to, other] = [vectorOf(vectors, a), vectorOf(vectors, b), vectorOf(vectors, c)];
  const wanted = to.map((x, i) => x - (from[i] ?? 0) + (other[i] ?? 0));
  return nearestTo(vectors, wanted, [a, b, c], options.top);
}

/**
 * The words nearest to a word by cosine, the nearest first, without the word itself. Words are rows of `vectors`.
 *
 * @throws OptionError for vectors of several widths, a word that has no vector, and invalid options.
 */
export function nearestWords(
  vectors: readonly ArrayLike<number>[],
  word: number,
  options: NearestOptions = {},
): NearestWord[] {
  checkLookup("nearestWords", vectors, { word }, options);
  return nearestTo(vectors, vectorOf(vectors, word), [word], options.top);
}
