/** Two tokens to merge, in the order in which they were learnt. */
type Merge = readonly [left: string, right: string];

/** The result of training. */
interface LearntMerges {
  /** The alphabet, then a token for each merge that created one. */
  readonly tokens: readonly string[];
  readonly merges: readonly Merge[];
}

/** A pair of tokens as one number; ids stay below it. */
const pairBase = 2 ** 24;

/** A word of the texts, as the ids of its current tokens. */
interface Word {
  ids: number[];
  readonly count: number;
}

/** Replaces each `left, right` in a word from left to right. */
function joined(ids: readonly number[], left: number, right: number, made: number): number[] {
  const result: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    const both = ids[i] === left && ids[i + 1] === right;
    result.push(both ? made : (ids[i] as number));
    if (both) i++;
  }
  return result;
}

/**
 * Byte-pair encoding learnt from counts of words (Sennrich, Haddow and Birch 2015, algorithm 1): the most frequent pair
 * of neighbours becomes a token, until there are `size` of them or no pair is left. Among equally frequent pairs the
 * one with the smaller ids is taken, as huggingface/tokenizers does, so that the result does not depend on the order of
 * words.
 *
 * @param alphabet the first tokens, one for each character of the words.
 */
export function learnMerges(
  counts: ReadonlyMap<string, number>,
  { alphabet, size }: { readonly alphabet: readonly string[]; readonly size: number },
): LearntMerges {
  const tokens = [...alphabet];
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const words: Word[] = [...counts].map(([text, count]) => ({
    ids: Array.from(text, (character) => idOf.get(character) as number),
    count,
  }));
  const pairCounts = new Map<number, number>();
  /** The words that have, or have had, each pair. */
  const places = new Map<number, Set<number>>();
  const changed = new Set<number>();

  function count({ ids, count: times }: Word, at: number, sign: 1 | -1): void {
    for (let i = 1; i < ids.length; i++) {
      const pair = (ids[i - 1] as number) * pairBase + (ids[i] as number);
      pairCounts.set(pair, (pairCounts.get(pair) ?? 0) + sign * times);
      changed.add(pair);
      if (sign < 0) continue;
      const known = places.get(pair);
      if (known) known.add(at);
      else places.set(pair, new Set([at]));
    }
  }

  const queue = makePairQueue();
  /** The queue has every count that a pair has had; outdated ones are skipped. */
  function enqueue(): void {
    for (const pair of changed) {
      const times = pairCounts.get(pair) ?? 0;
      if (times > 0) queue.push(pair, times);
    }
    changed.clear();
  }

  for (const [at, word] of words.entries()) count(word, at, 1);
  enqueue();
  const merges: Merge[] = [];
  while (tokens.length < size) {
    const best = queue.pop();
    if (!best) break;
    const { pair, count: times } = best;
    if (pairCounts.get(pair) !== times) continue;
    const [left, right] = [Math.floor(pair / pairBase), pair % pairBase];
    const token = `${tokens[left]}${tokens[right]}`;
    // Another pair may have created the same token already.
    const made = idOf.get(token) ?? tokens.length;
    if (made === tokens.length) tokens.push(token);
    idOf.set(token, made);
    merges.push([tokens[left] as string, tokens[right] as string]);
    for (const at of places.get(pair) ?? []) {
      const word = words[at] as Word;
      const ids = joined(word.ids, left, right, made);
      if (ids.length === word.ids.length) continue;
      count(word, at, -1);
      word.ids = ids;
      count(word, at, 1);
    }
    pairCounts.delete(pair);
    places.delete(pair);
    enqueue();
  }
  return { tokens, merges };
}

/** A pair with its count. */
interface CountedPair {
  readonly pair: number;
  readonly count: number;
}

/** Pairs, most frequent first, among equals the smaller. */
interface PairQueue {
  push(pair: number, count: number): void;
  pop(): CountedPair | undefined;
}

const before = (a: CountedPair, b: CountedPair) => a.count > b.count || (a.count === b.count && a.pair < b.pair);

/** An empty queue: a binary heap. */
function makePairQueue(): PairQueue {
  const heap: CountedPair[] = [];
  const at = (i: number) => heap[i] as CountedPair;
  return {
    push(pair, count) {
      const added = { pair, count };
      let i = heap.push(added) - 1;
      while (i > 0) {
        const parent = (i - 1) >> 1;
        if (!before(added, at(parent))) break;
        heap[i] = at(parent);
        i = parent;
      }
      heap[i] = added;
    },
    pop() {
      const first = heap[0];
      const last = heap.pop();
      if (first === undefined || last === undefined || heap.length === 0) return first;
      let i = 0;
      for (;;) {
        const child = 2 * i + 1;
        if (child >= heap.length) break;
        const larger = child + 1 < heap.length && before(at(child + 1), at(child)) ? child + 1 : child;
        if (!before(at(larger), last)) break;
        heap[i] = at(larger);
        i = larger;
      }
      heap[i] = last;
      return first;
    },
  };
}
