// Words of texts as ids, and the pairs of near words that skip-gram learns.
import { plainWords } from "../../models/word-models/word-list.ts";
import { threefry2x32 } from "../../tensor/threefry.ts";
import { shuffled } from "./rows.ts";

/** The words of texts, the most frequent first, and of equally many the first to appear. */
export function vocabularyOf(texts: Iterable<string>): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) for (const word of plainWords(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a).map(([word]) => word);
}

/** Lines of words as ids: words of different lines are not near each other. */
export interface WordLines {
  readonly ids: Uint32Array<ArrayBuffer>;
  /** Where each line begins, and where the last one ends. */
  readonly starts: Uint32Array<ArrayBuffer>;
}

/** The words of texts as ids, by their index in `words`; others are left out, as if they were not there. */
export function wordLines(texts: readonly string[], words: ReadonlyMap<string, number>): WordLines {
  const [ids, starts]: [number[], number[]] = [[], [0]];
  for (const line of texts.flatMap((text) => text.split("\n"))) {
    for (const word of plainWords(line)) {
      const id = words.get(word);
      if (id !== undefined) ids.push(id);
    }
    if (ids.length > (starts.at(-1) ?? 0)) starts.push(ids.length);
  }
  return { ids: Uint32Array.from(ids), starts: Uint32Array.from(starts) };
}

/** A word and one of its neighbours. */
export type WordPair = readonly [word: number, near: number];

/** The pairs of lines, in an order that is a function of their number. */
interface WordPairs {
  /** Number of pairs in so many epochs. */
  readonly count: (epochs: number) => number;
  /** The pair with a number from 0 on: all of an epoch in an order drawn from the seed, then those of the next one. */
  readonly pair: (number: number) => WordPair;
}

/** Purposes of draws, in the second word of Threefry's key: other ones than those of rows. */
const uses = { reach: 16, negatives: 17 } as const;

/**
 * The pairs of words with those up to `window` words before and after them. In word2vec (Mikolov et al. 2013) each word
 * draws how far it sees from 1 to `window`, so that nearer words count more. Here it draws where it begins, and sees one
 * word further in each epoch, or from `window` on only one: over `window` epochs every reach counts once, for each word.
 */
export function wordPairs({ ids, starts }: WordLines, window: number, seed: number): WordPairs {
  const first = Uint32Array.from(ids, (_, at) => threefry2x32([seed, uses.reach], [at, 0])[0] % window);
  /** How far the word at `at` sees. */
  const reach = (at: number, epoch: number) => 1 + (((first[at] ?? 0) + epoch) % window);
  /** For each word of an epoch, the number of pairs up to it. */
  const ends = (epoch: number) => {
    const found = new Float64Array(ids.length);
    let sum = 0;
    for (let line = 0; line + 1 < starts.length; line++) {
      const [begin = 0, end = 0] = [starts[line], starts[line + 1]];
      for (let at = begin; at < end; at++) {
        sum += Math.min(reach(at, epoch), at - begin) + Math.min(reach(at, epoch), end - 1 - at);
        found[at] = sum;
      }
    }
    return found;
  };
  // Epochs are the same after `window` of them: only the order differs.
  const totals: number[] = [];
  const total = (epoch: number) => {
    const phase = epoch % window;
    totals[phase] ??= ends(phase).at(-1) ?? 0;
    return totals[phase];
  };
  let known = { epoch: -1, before: 0, ends: new Float64Array() };
  /** The epoch of a pair, from that of the last pair on. */
  const epochAt = (number: number) => {
    let [epoch, before] = known.epoch < 0 || number < known.before ? [0, 0] : [known.epoch, known.before];
    while (number >= before + total(epoch)) before += total(epoch++);
    if (epoch !== known.epoch) known = { epoch, before, ends: ends(epoch) };
    return known;
  };
  return {
    count: (epochs) => Array.from({ length: epochs }, (_, epoch) => total(epoch)).reduce((sum, one) => sum + one, 0),
    pair: (number) => {
      const { epoch, before, ends: all } = epochAt(number);
      const index = shuffled(seed, epoch, number - before, total(epoch));
      const at = firstAbove(all, index);
      const begin = starts[firstAbove(starts, at) - 1] ?? 0;
      const place = index - (all[at - 1] ?? 0);
      const left = Math.min(reach(at, epoch), at - begin);
      const near = place < left ? at - left + place : at + 1 + place - left;
      return [ids[at] ?? 0, ids[near] ?? 0];
    },
  };
}

/** The index of the first of ascending numbers that is above a number. */
function firstAbove(numbers: Float64Array | Uint32Array, than: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) > than) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Negative samples in proportion to each word's count^0.75 (Mikolov et al. 2013): `draw(number)` returns `size` words at
 * equal distances on the scale of all counts, from a begin that is drawn. A word then appears as often as it should, up
 * to one, which makes gradients less noisy than independent draws do.
 */
export function negativeSamples(ids: Uint32Array, vocabulary: number, size: number, seed: number) {
  const counts = new Float64Array(vocabulary);
  for (const id of ids) counts[id] = (counts[id] ?? 0) + 1;
  const ends = counts.map(power);
  for (let id = 1; id < vocabulary; id++) ends[id] = (ends[id] ?? 0) + (ends[id - 1] ?? 0);
  const whole = ends.at(-1) ?? 0;
  return (number: number): number[] => {
    const [bits] = threefry2x32([seed, uses.negatives], [number >>> 0, Math.floor(number / 2 ** 32)]);
    const begin = bits / 2 ** 32;
    return Array.from({ length: size }, (_, i) =>
      Math.min(vocabulary - 1, firstAbove(ends, ((i + begin) / size) * whole)),
    );
  };
}

/** count^0.75, by square roots, which every machine rounds in the same way. */
const power = (count: number): number => Math.sqrt(count) * Math.sqrt(Math.sqrt(count));
