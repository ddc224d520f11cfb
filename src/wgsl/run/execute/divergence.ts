// Barriers that not all lanes of a workgroup reach together (WGSL, section 15.2, demands that they do).
import type { Operation } from "../lower/code.ts";
import type { Machine } from "./machine.ts";
import { haveSameCalls, type Strand } from "./strand.ts";

/** Lanes of a workgroup that do not meet at a barrier. */
export interface Divergence {
  /** The barrier, in characters from the start of the text. */
  readonly at: number;
  /** The barrier at which others wait, if they do. */
  readonly other: number | undefined;
  readonly workgroup: readonly [number, number, number];
  readonly message: string;
}

/** What is wrong if a strand has reached a barrier without all of its lanes; undefined if they are all there. */
export function missingLanes(machine: Machine, strand: Strand): Divergence | undefined {
  const there = lanesThere(strand);
  const away: number[] = [];
  for (let lane = strand.first; lane < strand.end; lane++) if (!there.includes(lane)) away.push(lane);
  if (away.length === 0) return undefined;
  const returned = away.filter((lane) => machine.waiting[lane] === 1);
  const elsewhere = away.filter((lane) => machine.waiting[lane] !== 1);
  const parts = [
    ...(elsewhere.length > 0 ? [`${named(elsewhere)} took another branch`] : []),
    ...(returned.length > 0 ? [`${named(returned)} returned`] : []),
  ];
  return report(machine, strand, undefined, `${named(there)} wait at a barrier; ${parts.join("; ")}`);
}

/**
 * What is wrong if some strands wait at a barrier and others have ended, or wait at another one; undefined if all of
 * them wait at the same one, in the same calls.
 */
export function missingStrands(machine: Machine, strands: readonly Strand[]): Divergence | undefined {
  const first = strands.find(({ status }) => status === "waiting");
  if (!first) return undefined;
  const isThere = (one: Strand) =>
    one.status === "waiting" && one.position === first.position && haveSameCalls(one, first);
  const absent = strands.filter((one) => !isThere(one));
  const [other] = absent.filter(({ status }) => status === "waiting");
  if (absent.length === 0) return undefined;
  const there = strands.filter(isThere).flatMap(lanesOf);
  const ended = absent.filter(({ status }) => status === "ended").flatMap(lanesOf);
  const waiting = absent.filter(({ status }) => status === "waiting").flatMap(lanesOf);
  const parts = [
    ...(waiting.length > 0 ? [`${named(waiting)} wait at another one`] : []),
    ...(ended.length > 0 ? [`${named(ended)} have ended`] : []),
  ];
  return report(machine, first, other, `${named(there)} wait at a barrier; ${parts.join("; ")}`);
}

const positionOf = ({ operations }: Machine, { position }: Strand): number =>
  (operations[position] as Operation).span.at;

const report = (machine: Machine, strand: Strand, other: Strand | undefined, message: string): Divergence => ({
  at: positionOf(machine, strand),
  other: other && positionOf(machine, other),
  workgroup: machine.state.workgroup,
  message,
});

const lanesOf = ({ first, end }: Strand): number[] => Array.from({ length: end - first }, (_, i) => first + i);

/** Lanes of a strand that wait at its barrier. */
function lanesThere({ bounds, length }: Strand): number[] {
  const lanes: number[] = [];
  for (let run = 0; run < length; run += 2) {
    for (let lane = bounds[run] as number; lane < (bounds[run + 1] as number); lane++) lanes.push(lane);
  }
  return lanes;
}

/** "lane 3", "lanes 0–7, 9". */
function named(lanes: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const lane of lanes) {
    const last = runs.at(-1);
    if (last && last[1] === lane - 1) last[1] = lane;
    else runs.push([lane, lane]);
  }
  const names = runs.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`));
  return `${lanes.length === 1 ? "lane" : "lanes"} ${names.join(", ")}`;
}
