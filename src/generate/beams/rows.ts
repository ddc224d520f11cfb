/**
 * The row of each open text, given the row of the text that it goes on from, best first. The first that goes on from a row
 * stays there; the others get rows from which none goes on. So each row that is copied stays as it is, and what is
 * overwritten is no longer needed: caches are reordered in place.
 */
export function assignRows(parents: readonly number[], rows: number): number[] {
  const taken = new Set(parents);
  const free = Array.from({ length: rows }, (_, row) => row).filter((row) => !taken.has(row));
  const stayed = new Set<number>();
  return parents.map((parent) => {
    const stays = !stayed.has(parent);
    stayed.add(parent);
    const row = stays ? parent : free.shift();
    if (row === undefined) throw new RangeError(`${parents.length} texts for ${rows} rows`);
    return row;
  });
}
