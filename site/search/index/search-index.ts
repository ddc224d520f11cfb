import type { Passage } from "../text/passages.ts";

/** Passages with their vectors. */
export interface SearchIndex {
  /** The model that made the vectors, by its name in links; for files, their name. */
  readonly model: string;
  /** Names of the texts. */
  readonly texts: readonly string[];
  readonly passages: readonly Passage[];
  /** Elements of a vector. */
  readonly width: number;
  /** A row of length 1 for each passage. */
  readonly vectors: Float32Array<ArrayBuffer>;
}

/** Maximum passages of an index. */
export const maxPassages = 50_000;
/** Maximum elements of a vector. */
export const widest = 8192;

/** The vector of a passage. */
export const vectorOf = ({ vectors, width }: Pick<SearchIndex, "vectors" | "width">, passage: number): Float32Array =>
  vectors.subarray(passage * width, (passage + 1) * width);

/** Σ p·q of two vectors: for vectors of length 1, their cosine. */
export function dot(p: ArrayLike<number>, q: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += (p[i] ?? 0) * (q[i] ?? 0);
  return sum;
}
