// Accesses that are found by running steps again: those of a statement, and the one that wrote a word last.
import type { Strand } from "../execute/strand.ts";
import type { Recorded } from "./accesses.ts";
import type { Text } from "./lanes.ts";
import { giveBack, type Lens, runTo, runUntil, stepOf, takeState } from "./lens.ts";
import { elementIn, latest } from "./snapshots.ts";
import type { Request, Write } from "./types.ts";

/** The most steps that a statement is followed for, functions that it calls included. */
const mostSteps = 100_000;

/** What the statement at which a strand stands accesses next. The lens is as before afterwards. */
export function requestsOf(lens: Lens, text: Text, strand: Strand): readonly Request[] {
  if (strand.status === "ended") return [];
  const before = takeState(lens);
  const recorded: Recorded[] = [];
  const { log } = lens;
  log.recorded = recorded;
  if (strand.status === "waiting") loadAtBarrier(lens, strand);
  else runStatement(lens, text, strand, recorded);
  log.recorded = undefined;
  giveBack(lens, before);
  return recorded.map(({ kind, memory, at, end, bytes, lanes, addresses }) => ({
    kind,
    memory,
    place: { line: text.lineAt(at), at, end },
    bytes,
    lanes,
    addresses,
  }));
}

function loadAtBarrier({ dispatch: { machine } }: Lens, { bounds, length, position }: Strand): void {
  const { active } = machine.state;
  active.bounds.set(bounds.subarray(0, length));
  active.length = length;
  for (const action of machine.actions[position] ?? []) action();
}

/** Runs a strand to the next statement of its function; what other functions access is not recorded. */
function runStatement(lens: Lens, { code, layout }: Text, strand: Strand, recorded: Recorded[]): void {
  const { depth } = strand;
  const caller = layout.functions[strand.position];
  for (let steps = 0; steps < mostSteps; steps++) {
    const isInside = layout.functions[strand.position] === caller;
    lens.log.recorded = isInside ? recorded : undefined;
    runUntil(lens.dispatch.machine, strand, stepOf(lens) + 1);
    const hasLeft = code.operations[strand.position]?.kind === "leave" && strand.depth <= depth;
    if (strand.status !== "ready" || hasLeft) return;
    if (layout.functions[strand.position] === caller && layout.starts[strand.position] === 1) return;
  }
}

/** The last write to a word before the current step. The lens is as before afterwards. */
export function lastWrite(lens: Lens, text: Text, memory: number, word: number): Write | undefined {
  const writes = lens.log.counts[memory]?.writes;
  const count = writes?.[word] ?? 0;
  if (!writes || count === 0) return undefined;
  const before = takeState(lens);
  const area = lens.writeCounts[memory] as number;
  giveBack(
    lens,
    latest(lens.snapshots, before.step, (one) => elementIn(one, area, word) < count),
  );
  let found: Write | undefined;
  while ((writes[word] as number) < count) {
    const step = stepOf(lens);
    const recorded: Recorded[] = [];
    lens.log.recorded = recorded;
    runTo(lens, step + 1);
    const last = recorded.findLast((one) => one.memory === memory && one.writes && laneOf(one, word) !== undefined);
    if (last) {
      const { at, end } = last;
      found = { step, lane: laneOf(last, word) as number, place: { line: text.lineAt(at), at, end } };
    }
  }
  lens.log.recorded = undefined;
  giveBack(lens, before);
  return found;
}

/** The last lane of an access that touches a word. */
function laneOf({ lanes, addresses, bytes }: Recorded, word: number): number | undefined {
  const index = addresses.findLastIndex((address) => isAt(address, bytes, word));
  return index < 0 ? undefined : lanes[index];
}

/** Whether a lane, or any without one, touches a word in an access. */
export const touches = ({ lanes, addresses, bytes }: Recorded, word: number, lane: number | undefined): boolean =>
  addresses.some((address, i) => isAt(address, bytes, word) && (lane === undefined || lanes[i] === lane));

const isAt = (address: number, bytes: number, word: number): boolean =>
  address >= 0 && address < 4 * word + 4 && address + bytes > 4 * word;
