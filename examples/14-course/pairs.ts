import { type AttentionMask, attention, type Gpu, tensor } from "shaderformer";

/** The words of a text, which is all that these sections need of a tokenizer. Throws RangeError for more than `most`. */
export function wordsOf(text: string, most: number): string[] {
  const words = text.trim().split(/\s+/);
  if (words.length <= most) return words;
  throw new RangeError(`the text has ${words.length} words, expected at most ${most}`);
}

/**
 * Which of `keys` each of `queries` sees under a mask, as the attention kernel has it: all scores are equal, and the
 * values are unit vectors, so that an output is the share that each key gets. `undefined` where there is none.
 */
export async function sharesOf(
  gpu: Gpu,
  queries: number,
  keys: number,
  mask: AttentionMask,
): Promise<(number | undefined)[][]> {
  using _scope = gpu.scope();
  const zeros = (rows: number) => tensor(gpu, [1, 1, rows, 4], new Float32Array(4 * rows));
  const units = Float32Array.from({ length: keys * keys }, (_, i) => Number(i % (keys + 1) === 0));
  const v = tensor(gpu, [1, 1, keys, keys], units);
  const { out } = attention(gpu, { q: zeros(queries), k: zeros(keys), v }, { mask });
  const shares = await out.read();
  return Array.from({ length: queries }, (_, row) =>
    Array.from(shares.subarray(row * keys, (row + 1) * keys), (share) => (share > 0 ? share : undefined)),
  );
}

/** How many pairs of a query and a key there are. */
export const pairsIn = (shares: readonly (readonly (number | undefined)[])[]): number =>
  shares.flat().filter((share) => share !== undefined).length;
