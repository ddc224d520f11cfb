// Searches among steps that have run, which need nothing but the trace and the code's structure.
import type { Strand } from "../execute/strand.ts";
import type { Code, Operation } from "../lower/code.ts";
import type { Layout } from "./layout.ts";
import type { Recording } from "./recording.ts";
import { operationAt, strandAt, type Trace } from "./trace.ts";
import type { LineBreakpoint, Query } from "./types.ts";

/** Queries that need steps to be run again. */
export type SearchingQuery = Extract<Query, { to: "breakpoint" | "nan" | "access" }>;

/** What is searched. */
export interface Past {
  readonly code: Code;
  readonly layout: Layout;
  readonly recording: Recording;
}

type Way = 1 | -1;

const wayOf = ({ direction }: Query): Way => (direction === "next" ? 1 : -1);

/** The nearest number of an ascending list that is beyond a step. */
function nearest(steps: readonly number[], step: number, way: Way): number | undefined {
  return way === 1 ? steps.find((one) => one > step) : steps.findLast((one) => one < step);
}

/** The step to go to for a query that needs no evaluation; undefined without one. */
export function findStep(
  past: Past,
  step: number,
  query: Exclude<Query, SearchingQuery>,
  strand: Strand | undefined,
  positions: readonly number[],
): number | undefined {
  const way = wayOf(query);
  const { barriers, prints } = past.recording;
  switch (query.to) {
    case "barrier":
      return nearest(barriers, step, way);
    case "fault":
      return nearest(faultSteps(past), step, way);
    case "print":
      return nearest(
        prints.map((one) => one.step),
        step,
        way,
      );
    case "turn":
      return turn(past, step, query.strand, positions, way);
    case "statement":
      return way === 1
        ? nextStatement(past, step, query.strand, query.how, strand?.status === "waiting")
        : previousStatement(past, step, query.strand, query.how);
  }
}

/** The steps with a fault, in order; the end of a run that has failed is one. */
export function faultSteps({ recording: { outOfBounds, races, failure, trace } }: Past): readonly number[] {
  const steps = [...outOfBounds, ...races].map((one) => one.step).sort((a, b) => a - b);
  return failure ? [...steps, trace.length] : steps;
}

type How = Extract<Query, { to: "statement" }>["how"];

/** Whether a statement counts that is so many calls deeper than where the search began. */
const isDeepEnough = (how: How, depth: number): boolean => how === "into" || (how === "over" ? depth <= 0 : depth < 0);

/** `isAtBarrier`: the strand has done the operation where it stands, and what it does next is another statement. */
function nextStatement(past: Past, step: number, strand: number, how: How, isAtBarrier: boolean): number | undefined {
  const { layout, code, recording } = past;
  const { trace } = recording;
  let depth = 0;
  let last = -1;
  for (let i = step; i < trace.length; i++) {
    if (strandAt(trace, i) !== strand) continue;
    const operation = operationAt(trace, i);
    const isAnother = last >= 0 || isAtBarrier;
    if (isAnother && layout.starts[operation] === 1 && isDeepEnough(how, depth)) return i;
    last = i;
    depth += deeper(code.operations[operation] as Operation);
  }
  // The end of the strand.
  return last < 0 ? undefined : last + 1;
}

function previousStatement({ layout, code, recording: { trace } }: Past, step: number, strand: number, how: How) {
  let depth = 0;
  for (let i = step - 1; i >= 0; i--) {
    if (strandAt(trace, i) !== strand) continue;
    const operation = operationAt(trace, i);
    depth -= deeper(code.operations[operation] as Operation);
    if (layout.starts[operation] === 1 && isDeepEnough(how, depth)) return i;
  }
  return undefined;
}

const deeper = ({ kind }: Operation): number => (kind === "call" ? 1 : kind === "leave" ? -1 : 0);

/** The first operation of the innermost loop's body, for a strand that is in these calls; undefined outside of loops. */
function loopStart({ layout, code }: Past, positions: readonly number[]): number | undefined {
  for (const position of positions) {
    let opener = layout.openers[position] as number;
    while (opener >= 0 && code.operations[opener]?.kind !== "loop") opener = layout.openers[opener] as number;
    if (opener >= 0) return opener + 1;
  }
  return undefined;
}

function turn(past: Past, step: number, strand: number, positions: readonly number[], way: Way): number | undefined {
  const { trace } = past.recording;
  const start = loopStart(past, positions);
  if (start === undefined) return undefined;
  for (let i = step + way; i >= 0 && i < trace.length; i += way) {
    if (strandAt(trace, i) === strand && operationAt(trace, i) === start) return i;
  }
  return undefined;
}

/** How often the innermost loop has begun a turn since the strand entered it; undefined outside of loops. */
export function turnsBegun(past: Past, step: number, strand: number, positions: readonly number[]): number | undefined {
  const { trace } = past.recording;
  const start = loopStart(past, positions);
  if (start === undefined) return undefined;
  let turns = positions[0] === start ? 1 : 0;
  for (let i = step - 1; i >= 0; i--) {
    if (strandAt(trace, i) !== strand) continue;
    const operation = operationAt(trace, i);
    if (operation === start) turns++;
    else if (operation === start - 1) break;
  }
  return turns;
}

/** Whether a breakpoint may stop a strand before a step: it comes to the line there, not from a statement before on it. */
export function arrivesAt({ layout, recording: { trace } }: Past, step: number, breakpoint: LineBreakpoint): boolean {
  const [operation, strand] = [operationAt(trace, step), strandAt(trace, step)];
  if (layout.starts[operation] !== 1 || layout.places[operation]?.line !== breakpoint.line) return false;
  if (breakpoint.strand !== undefined && breakpoint.strand !== strand) return false;
  const before = statementBefore(layout, trace, step, strand);
  return before === undefined || before >= operation || layout.places[before]?.line !== breakpoint.line;
}

function statementBefore(layout: Layout, trace: Trace, step: number, strand: number): number | undefined {
  for (let i = step - 1; i >= 0; i--) {
    if (strandAt(trace, i) !== strand) continue;
    const operation = operationAt(trace, i);
    if (layout.starts[operation] === 1) return operation;
  }
  return undefined;
}
