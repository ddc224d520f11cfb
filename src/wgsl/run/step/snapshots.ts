// States of a run, kept to go back to. They share the pages that do not change from one to the next.

/** Memory that a run changes. */
export type Area = Int32Array | Uint16Array;

/** What all areas held after so many steps, in pages. */
export interface Snapshot {
  readonly step: number;
  readonly pages: readonly (readonly Area[])[];
}

/** Snapshots of one run, in ascending order. */
export interface Snapshots {
  readonly areas: readonly Area[];
  readonly mostBytes: number;
  kept: Snapshot[];
  bytes: number;
  /** How often they were thinned out; each time halves them. */
  thinned: number;
}

/** Elements of a page. */
const pageLength = 1024;

export const newSnapshots = (areas: readonly Area[], mostBytes: number): Snapshots => ({
  areas,
  mostBytes,
  kept: [],
  bytes: 0,
  thinned: 0,
});

/** The content of areas; pages that are equal to those of `before` are those. */
export function snapshotOf(areas: readonly Area[], step: number, before: Snapshot | undefined): Snapshot {
  const pages = areas.map((area, a) => {
    const known = before?.pages[a];
    return Array.from({ length: Math.ceil(area.length / pageLength) }, (_, p) => {
      const first = p * pageLength;
      const page = known?.[p];
      return page && isEqual(area, first, page) ? page : area.slice(first, first + pageLength);
    });
  });
  return { step, pages };
}

function isEqual(area: Area, first: number, page: Area): boolean {
  for (let i = 0; i < page.length; i++) if (area[first + i] !== page[i]) return false;
  return true;
}

/** Gives areas the content that they had. */
export function restore(areas: readonly Area[], { pages }: Snapshot): void {
  for (const [a, area] of areas.entries()) {
    for (const [p, page] of (pages[a] as readonly Area[]).entries()) area.set(page, p * pageLength);
  }
}

/** Keeps the state after so many steps, which is later than all that are kept. Beyond the most bytes every other one goes. */
export function keep(snapshots: Snapshots, step: number): void {
  const before = snapshots.kept.at(-1);
  const made = snapshotOf(snapshots.areas, step, before);
  snapshots.kept.push(made);
  const known = new Set(before?.pages.flat());
  for (const page of made.pages.flat()) if (!known.has(page)) snapshots.bytes += page.byteLength;
  while (snapshots.bytes > snapshots.mostBytes && snapshots.kept.length > 1) thin(snapshots);
}

function thin(snapshots: Snapshots): void {
  snapshots.kept = snapshots.kept.filter((_, i) => i % 2 === 0);
  snapshots.thinned++;
  const pages = new Set(snapshots.kept.flatMap((one) => one.pages.flat()));
  snapshots.bytes = [...pages].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** The latest snapshot that is not after a step and fits. The first one is always kept. */
export function latest({ kept }: Snapshots, step: number, fits: (one: Snapshot) => boolean = () => true): Snapshot {
  return kept.findLast((one) => one.step <= step && fits(one)) ?? (kept[0] as Snapshot);
}

/** An element of an area in a snapshot. */
export const elementIn = ({ pages }: Snapshot, area: number, index: number): number =>
  pages[area]?.[Math.floor(index / pageLength)]?.[index % pageLength] ?? 0;
