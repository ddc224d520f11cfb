// What is known of each unit of a memory, a word or half of one, for as long as an epoch lasts: who wrote it last, and
// two who read it. That is enough to see every conflict: of two accesses by different parties, one of them a write,
// whichever comes second meets the other, or another that it conflicts with as well.

/** One who accessed a unit: a lane or a workgroup, the site in the text, and when. */
interface Party {
  /** A number from 1; 0 before the first access. */
  readonly who: Int32Array;
  readonly site: Int32Array;
  /** How many barriers of any kind there were before. */
  readonly when: Int32Array;
}

/** Facts of all units of a memory. Those of another epoch count as none, so that nothing is cleared at a barrier. */
export interface Facts {
  readonly epoch: Int32Array;
  readonly writer: Party;
  readonly reader: Party;
  /** Another reader than the first. */
  readonly second: Party;
}

const newParty = (units: number): Party => ({
  who: new Int32Array(units),
  site: new Int32Array(units),
  when: new Int32Array(units),
});

export const newFacts = (units: number): Facts => ({
  epoch: new Int32Array(units),
  writer: newParty(units),
  reader: newParty(units),
  second: newParty(units),
});

/** Called with a conflict: the one who came before, and whether it wrote. */
export type Conflict = (before: Party, unit: number, wrote: boolean) => void;

/** Forgets what was in another epoch. */
function refresh({ epoch, writer, reader, second }: Facts, unit: number, now: number): void {
  if (epoch[unit] === now) return;
  epoch[unit] = now;
  writer.who[unit] = 0;
  reader.who[unit] = 0;
  second.who[unit] = 0;
}

function note({ who, site, when }: Party, unit: number, own: number, ownSite: number, now: number): void {
  who[unit] = own;
  site[unit] = ownSite;
  when[unit] = now;
}

const isOther = ({ who }: Party, unit: number, own: number): boolean => who[unit] !== 0 && who[unit] !== own;

/** A read of a unit by `own`. */
export function read(
  facts: Facts,
  unit: number,
  epoch: number,
  own: number,
  site: number,
  when: number,
  conflict: Conflict,
): void {
  refresh(facts, unit, epoch);
  const { writer, reader, second } = facts;
  if (isOther(writer, unit, own)) conflict(writer, unit, true);
  note(isOther(reader, unit, own) ? second : reader, unit, own, site, when);
}

/** A write of a unit by `own`. */
export function write(
  facts: Facts,
  unit: number,
  epoch: number,
  own: number,
  site: number,
  when: number,
  conflict: Conflict,
): void {
  refresh(facts, unit, epoch);
  const { writer, reader, second } = facts;
  if (isOther(writer, unit, own)) conflict(writer, unit, true);
  if (isOther(reader, unit, own)) conflict(reader, unit, false);
  if (isOther(second, unit, own)) conflict(second, unit, false);
  note(writer, unit, own, site, when);
}

/** Stands for several parties: whoever comes next is another than one of them. */
const several = -1;

/** An atomic change of a unit by `own`; what a change uses is a read before it. */
export function change(
  facts: Facts,
  unit: number,
  epoch: number,
  own: number,
  site: number,
  when: number,
  conflict: Conflict,
): void {
  const { writer } = facts;
  const isSecond = facts.epoch[unit] === epoch && isOther(writer, unit, own);
  write(facts, unit, epoch, own, site, when, conflict);
  if (isSecond) writer.who[unit] = several;
}
