/** A word and how near it is. */
export interface Nearest {
  /** Its row. */
  readonly word: number;
  /** The cosine of its vector and of the one asked for, from −1 to 1. */
  readonly cosine: number;
}

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

/** The rows nearest to a vector by their cosines, the nearest first, without those excluded. */
function nearestTo(vectors: readonly Vector[], to: Vector, excluded: readonly number[], most: number): Nearest[] {
  const wanted = normalised(to);
  const all = vectors.map((vector, word) => ({ word, cosine: dot(normalised(vector), wanted) }));
  const others = all.filter(({ word }) => !excluded.includes(word));
  return others.sort((x, y) => y.cosine - x.cosine || x.word - y.word).slice(0, most);
}

function vectorOf(vectors: readonly Vector[], word: number): Float64Array {
  const found = vectors[word];
  if (!found) throw new RangeError(`word is ${word}, expected one below ${vectors.length}`);
  return normalised(found);
}

/**
 * The words d for which a is to b as c is to d: those nearest to b − a + c, all vectors scaled to length 1, without the three
 * words that were given, one of which would often be the nearest (Mikolov et al. 2013). The nearest first, `most` of them.
 *
 * @throws RangeError for a word that has no vector.
 */
export function analogy(vectors: readonly Vector[], a: number, b: number, c: number, most = 1): Nearest[] {
  const [from, to, other] = [vectorOf(vectors, a), vectorOf(vectors, b), vectorOf(vectors, c)];
  const wanted = to.map((x, i) => x - (from[i] ?? 0) + (other[i] ?? 0));
  return nearestTo(vectors, wanted, [a, b, c], most);
}

/** The words nearest to a word, the nearest first. Throws `RangeError` for a word that has no vector. */
export const neighbours = (vectors: readonly Vector[], word: number, most: number): Nearest[] =>
  nearestTo(vectors, vectorOf(vectors, word), [word], most);
