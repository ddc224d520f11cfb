/** A pair with its count. */
export interface CountedPair {
  readonly pair: number;
  readonly count: number;
}

/** Pairs, of which the most frequent comes first, and of equally frequent ones the smaller. */
export interface PairQueue {
  push(pair: number, count: number): void;
  pop(): CountedPair | undefined;
}

const before = (a: CountedPair, b: CountedPair) => a.count > b.count || (a.count === b.count && a.pair < b.pair);

/** An empty queue: a binary heap. */
export function makePairQueue(): PairQueue {
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
