// What depends on what, as a graph: a node is not uniform if something is not that it depends on.

/** Nodes are numbers; each has those that depend on it. */
export interface Graph {
  readonly dependents: number[][];
}

/** The node of what is the same for all threads. */
export const same = 0;

export const newGraph = (): Graph => ({ dependents: [[]] });

/** A node that depends on others: one of them where there is but one. */
export function nodeOf(graph: Graph, ...on: readonly number[]): number {
  const others = [...new Set(on)].filter((one) => one !== same);
  const [only = same, ...more] = others;
  return more.length === 0 ? only : ownNode(graph, others);
}

/** The same, as a node of its own, which may come to depend on more. */
export function ownNode({ dependents }: Graph, on: readonly number[] = []): number {
  const node = dependents.push([]) - 1;
  for (const one of on) dependents[one]?.push(node);
  return node;
}

export const addEdge = ({ dependents }: Graph, from: number, to: number): void => {
  if (from !== same) dependents[from]?.push(to);
};

/** All nodes that depend on one of these, each with the label of the first that it does. */
export function reached<T>(
  { dependents }: Graph,
  starts: readonly (readonly [node: number, label: T])[],
): Map<number, T> {
  const found = new Map<number, T>();
  const open = [...starts];
  for (let next = open.pop(); next; next = open.pop()) {
    const [node, label] = next;
    if (found.has(node)) continue;
    found.set(node, label);
    for (const one of dependents[node] ?? []) open.push([one, label]);
  }
  return found;
}
