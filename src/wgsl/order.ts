/**
 * Everything reachable from `starts`, each item after its dependencies, so that callers need no recursion even for long
 * chains. The dependencies of each are read once. `closes` is called with each cycle: a path whose last item depends on
 * its first. Without it, the cycle is cut there.
 */
export function dependenciesFirst<T>(
  starts: Iterable<T>,
  dependenciesOf: (one: T) => Iterable<T>,
  closes?: (path: readonly T[]) => void,
): T[] {
  const order: T[] = [];
  const seen = new Map<T, number>(); // index in the open path, or -1
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
