/**
 * What is reachable from `starts`, each after what it depends on: whoever follows this order needs no recursion, however
 * long a chain is. Each is asked once for its dependencies. `closes` is called with a path whose last depends on its
 * first; without it, such a path is cut there.
 */
export function dependenciesFirst<T>(
  starts: Iterable<T>,
  dependenciesOf: (one: T) => Iterable<T>,
  closes?: (path: readonly T[]) => void,
): T[] {
  const order: T[] = [];
  const seen = new Map<T, number>(); // where it is in the path that is open, or -1
  for (const start of starts) {
    const path: T[] = [];
    const rest: Iterator<T>[] = [];
    const open = (one: T) => {
      seen.set(one, path.push(one) - 1);
      rest.push(dependenciesOf(one)[Symbol.iterator]());
    };
    if (!seen.has(start)) open(start);
    for (let last = rest.at(-1); last; last = rest.at(-1)) {
      const next = last.next();
      if (next.done) {
        const one = path.pop() as T;
        rest.pop();
        seen.set(one, -1);
        order.push(one);
        continue;
      }
      const before = seen.get(next.value);
      if (before === undefined) open(next.value);
      else if (before >= 0) closes?.(path.slice(before));
    }
  }
  return order;
}
