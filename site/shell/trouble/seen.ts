import { sim } from "../sim.ts";
import { keep, kept } from "../store.ts";

/** What this page found as it first asked, by key: on one page nothing changes under the reader's eyes. */
const found = new Map<string, boolean>();

/** True where this visitor has seen a warning in full on a page before this one; from now on it counts as seen. */
export function seenBefore(key: string): boolean {
  const known = found.get(key);
  if (known !== undefined) return known;
  const name = `seen-${key}`;
  const seen = sim !== key && kept(name) !== undefined; // what is simulated is to be seen
  found.set(key, seen);
  keep(name, "1");
  return seen;
}
