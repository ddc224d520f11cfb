import { sim } from "../sim.ts";
import { keep, kept } from "../store.ts";

/** The answers at this page's first request, by key: nothing changes while the reader is on the page. */
const found = new Map<string, boolean>();

/** True if this visitor has seen a warning in full on an earlier page; from now on it counts as seen. */
export function seenBefore(key: string): boolean {
  const known = found.get(key);
  if (known !== undefined) return known;
  const name = `seen-${key}`;
  const seen = sim !== key && kept(name) !== undefined; // simulated warnings are always shown
  found.set(key, seen);
  keep(name, "1");
  return seen;
}
