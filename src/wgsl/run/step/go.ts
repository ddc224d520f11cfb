// Searches that have to run steps again: for breakpoints, NaNs and accesses.
import type { Machine } from "../execute/machine.ts";
import type { Strand } from "../execute/strand.ts";
import { goTo, type Lens, runTo, stepOf } from "./lens.ts";
import { type NanFinder, newNanFinder } from "./nan.ts";
import { touches } from "./requests.ts";
import { arrivesAt, faultSteps, type Past, type SearchingQuery } from "./search.ts";
import { operationAt, strandAt } from "./trace.ts";
import type { Breakpoint, LineBreakpoint } from "./types.ts";
import { holds, type Watcher } from "./watch.ts";

/** What such a search needs. */
export interface Searched {
  readonly lens: Lens;
  readonly past: Past;
  readonly watcher: Watcher;
  nans: NanFinder | undefined;
}

/** Steps that are searched at a time. */
const window = 4096;

/**
 * Goes to the nearest step that fits, of at most so many steps beyond the current one. Throws `WgslError` for a condition
 * that is wrong.
 */
export function search(searched: Searched, query: SearchingQuery, maxSteps: number): "found" | "none" | "more" {
  const { lens, past } = searched;
  const now = stepOf(lens);
  const isNext = query.direction === "next";
  const last = past.recording.trace.length;
  // Steps that may be it: from `first` to before `end`.
  const [first, end] = isNext ? [now + 1, Math.min(last, now + 1 + maxSteps)] : [Math.max(0, now - maxSteps), now];
  let at = now;
  try {
    const found = searchIn(searched, query, first, end);
    const isAll = isNext ? end === last : first === 0;
    at = found ?? (isAll ? now : isNext ? end - 1 : first);
    return found === undefined ? (isAll ? "none" : "more") : "found";
  } finally {
    goTo(lens, at);
  }
}

/** The step that is nearest to where the search begins, window by window; within one, steps run in ascending order. */
function searchIn(searched: Searched, query: SearchingQuery, first: number, end: number): number | undefined {
  const isNext = query.direction === "next";
  for (let done = 0; first + done < end; done += window) {
    const low = isNext ? first + done : Math.max(first, end - done - window);
    const high = isNext ? Math.min(end, low + window) : end - done;
    const found = foundIn(searched, query, low, high, isNext);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first step of a stretch, or the last, that fits. */
function foundIn(searched: Searched, query: SearchingQuery, low: number, high: number, isFirst: boolean) {
  if (query.to === "nan") return nanIn(searched, low, high, isFirst);
  if (query.to === "access") return accessIn(searched, query, low, high, isFirst);
  // Each kind of breakpoint searches what the kinds before it have left.
  let [first, end] = [low, high];
  let found: number | undefined;
  const take = (step: number | undefined) => {
    if (step === undefined) return;
    found = step;
    if (isFirst) end = step;
    else first = step + 1;
  };
  const { breakpoints } = query;
  take(
    lineIn(
      searched,
      breakpoints.filter((one): one is LineBreakpoint => "line" in one),
      first,
      end,
      isFirst,
    ),
  );
  for (const one of breakpoints) if ("on" in one) take(happensIn(searched, one, first, end, isFirst));
  return found;
}

function happensIn(
  searched: Searched,
  what: Exclude<Breakpoint, LineBreakpoint>,
  low: number,
  high: number,
  isFirst: boolean,
): number | undefined {
  if (what.on === "nan") return nanIn(searched, low, high, isFirst);
  if (what.on === "write") return accessIn(searched, { ...what, isWrite: true }, low, high, isFirst);
  const faults = faultSteps(searched.past).filter((step) => low <= step && step < high);
  return isFirst ? faults[0] : faults.at(-1);
}

function nanIn(searched: Searched, low: number, high: number, isFirst: boolean): number | undefined {
  const { lens } = searched;
  searched.nans ??= newNanFinder(lens);
  const { nans } = searched;
  return stepIn(lens, nans.machine, low, high, isFirst, () => {
    const { found } = nans;
    nans.found = false;
    return found;
  });
}

/** Accesses to a word, of one lane or any; all of them, or writes alone. */
interface WordAccess {
  readonly memory: number;
  readonly word: number;
  readonly lane?: number;
  readonly isWrite?: boolean;
}

function accessIn({ lens }: Searched, wanted: WordAccess, low: number, high: number, isFirst: boolean) {
  return stepIn(lens, lens.dispatch.machine, low, high, isFirst, () => hasAccess(lens, wanted));
}

/** Whether the last step accessed a word; what it accessed is dropped. */
function hasAccess({ log }: Lens, { memory, word, lane, isWrite = false }: WordAccess): boolean {
  const recorded = log.recorded ?? [];
  log.recorded = [];
  return recorded.some((one) => one.memory === memory && (one.writes || !isWrite) && touches(one, word, lane));
}

/** The first step of a stretch, or the last, before which a strand comes to one of these lines. */
function lineIn(
  { lens, past, watcher }: Searched,
  lines: readonly LineBreakpoint[],
  low: number,
  high: number,
  isFirst: boolean,
): number | undefined {
  if (lines.length === 0) return undefined;
  const { trace } = past.recording;
  let found: number | undefined;
  for (let step = low; step < high; step++) {
    const isStop = lines.some((one) => {
      if (!arrivesAt(past, step, one)) return false;
      if (one.condition === undefined) return true;
      goTo(lens, step);
      const strand = lens.dispatch.strands[strandAt(trace, step)] as Strand;
      return holds(watcher, one.condition, operationAt(trace, step), strand, one.lanes ?? "any");
    });
    if (!isStop) continue;
    if (isFirst) return step;
    found = step;
  }
  return found;
}

/** The first step of a stretch, or the last, for which something holds after a machine has taken it. */
function stepIn(
  lens: Lens,
  machine: Machine,
  low: number,
  high: number,
  isFirst: boolean,
  holdsNow: () => boolean,
): number | undefined {
  let found: number | undefined;
  goTo(lens, low);
  holdsNow(); // of what was before
  for (let step = low; step < high; step++) {
    runTo(lens, step + 1, machine);
    if (!holdsNow()) continue;
    found = step;
    if (isFirst) break;
  }
  lens.log.recorded = undefined;
  return found;
}
