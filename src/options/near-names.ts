const LONGEST = 120;
const MOST = 20_000;

/** Levenshtein distance: the fewest insertions, deletions and replacements that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}

/**
 * Up to three of `names` closest to `wanted`, nearest first; none that differ in more than half of it.
 *
 * Long names and long lists are cut, so that a hostile file cannot make an error message expensive.
 */
export function nearNames(wanted: string, names: Iterable<string>): string[] {
  const target = wanted.slice(0, LONGEST);
  const most = target.length / 2;
  const near: { name: string; distance: number }[] = [];
  let seen = 0;
  for (const name of names) {
    if (seen++ === MOST) break;
    if (Math.abs(name.length - target.length) > most) continue;
    const distance = editDistance(target, name.slice(0, LONGEST * 2));
    if (distance <= most) near.push({ name, distance });
  }
  near.sort((a, b) => a.distance - b.distance);
  return near.slice(0, 3).map(({ name }) => name);
}
