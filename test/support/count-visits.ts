// Counts how often passes over a tree look at its nodes.

/** A copy of what was given, how many objects in it have the property, and how often that was read. */
export interface Visits<T> {
  readonly copy: T;
  readonly nodes: number;
  readonly visits: () => number;
}

/** A copy of `root` and of all objects in it that counts each reading of the property. */
export function countVisits<T extends object>(root: T, property: string): Visits<T> {
  let [visits, nodes] = [0, 0];
  const values = new WeakMap<object, unknown>();
  const counting = Object.defineProperty({}, property, {
    get(this: object) {
      visits++;
      return values.get(this);
    },
  });
  const copies = new Map<unknown, Record<string, unknown>>();
  for (const open: object[] = [root]; ; ) {
    const node = open.pop();
    if (!node) break;
    if (copies.has(node)) continue;
    const counted = Object.hasOwn(node, property);
    const copy = (Array.isArray(node) ? [] : Object.create(counted ? counting : null)) as Record<string, unknown>;
    copies.set(node, copy);
    if (counted) nodes++;
    for (const [key, value] of Object.entries(node)) {
      if (counted && key === property) values.set(copy, value);
      else copy[key] = value;
      if (typeof value === "object" && value !== null) open.push(value);
    }
  }
  for (const copy of copies.values()) for (const key in copy) copy[key] = copies.get(copy[key]) ?? copy[key];
  return { copy: copies.get(root) as T, nodes, visits: () => visits };
}
