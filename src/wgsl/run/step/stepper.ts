// Stepping through one workgroup of a compute shader, forwards and backwards.
import { WgslError } from "../../error.ts";
import { checkProgram } from "../check/program.ts";
import type { Strand } from "../execute/strand.ts";
import { linesOf } from "../results.ts";
import { search } from "./go.ts";
import { laneStates, positionOf, positionsOf, strandPlace } from "./lanes.ts";
import { barriersLeft, forgetPast, goTo, readyStrand, stepOf } from "./lens.ts";
import { type Opened, open } from "./open.ts";
import { areDone, areOutOfSteps, runOthers } from "./others.ts";
import { fail, recordSteps } from "./recording.ts";
import { lastWrite, requestsOf } from "./requests.ts";
import { endOf, figure, marksOf, memoryInfo, memoryState } from "./results.ts";
import { findStep, turnsBegun } from "./search.ts";
import type { Query, Stepper, StepperOptions, Where } from "./types.ts";
import { variablesAt, watch } from "./watch.ts";

/** Steps that a search with conditions takes at a time. */
const stepsOfSearch = 200_000;

/**
 * Opens a workgroup of a compute shader to be stepped through. See `Stepper`.
 *
 * @throws WgslError, with the line, where the text is wrong, or a binding is missing or too short; RangeError for a lens
 *   that is no workgroup and for other numbers out of range.
 */
export function openStepper(wgsl: string, options: StepperOptions): Stepper {
  const lineAt = linesOf(wgsl);
  try {
    return stepperOf(open(checkProgram(wgsl, options.constants), options, lineAt));
  } catch (error) {
    if (error instanceof WgslError) throw new WgslError(`line ${lineAt(error.at)}: ${error.message}`, error.at);
    throw error;
  }
}

function stepperOf(opened: Opened): Stepper {
  const { lens, recording, text, memories, watcher } = opened;
  const { machine, strands } = lens.dispatch;
  const { code, layout } = text;
  const strandOf = (index: number): Strand => {
    const strand = strands[index];
    if (!strand) throw new RangeError(`strand ${index}; there are ${strands.length}`);
    return strand;
  };
  const placeIn = (index: number) => positionOf(text, strandOf(index));
  return {
    entryPoint: code.functions[0]?.function.name ?? "",
    workgroupSize: opened.workgroupSize,
    width: machine.state.width,
    subgroupSize: machine.state.subgroupSize,
    threads: machine.state.threads.slice(),
    strands: strands.map(({ first, end }) => ({ first, end })),
    lines: [...new Set(layout.places.filter((_, i) => layout.starts[i] === 1).map(({ line }) => line))].sort(
      (a, b) => a - b,
    ),
    memories: [...memories].map(([variable, memory]) => memoryInfo(variable, memory)),
    step: () => stepOf(lens),
    reached: () => recording.trace.length,
    total: () => (recording.hasEnded ? recording.trace.length : undefined),
    end: () => endOf(opened),
    advance: (steps) => advance(opened, steps),
    goTo: (step) => visit(opened, step),
    go: (query, maxSteps = stepsOfSearch) => go(opened, query, maxSteps),
    where: () => where(opened),
    lanes: () => laneStates(text, strands, machine.waiting),
    watch: (expression, strand) =>
      expression.startsWith("#")
        ? figure(opened, expression, (inner) => watch(watcher, inner, placeIn(strand), strandOf(strand)))
        : watch(watcher, expression, placeIn(strand), strandOf(strand)),
    variables: (strand) => variablesAt(watcher, placeIn(strand)),
    memory: (index) => memoryState(opened, index),
    lastWrite: (index, word) => lastWrite(lens, text, index, word),
    accesses: (strand) => requestsOf(lens, text, strandOf(strand)),
    marks: () => marksOf(opened),
    finish: () => finish(opened),
  };
}

function advance({ before, lens, recording, text }: Opened, steps: number): boolean {
  let left = steps;
  if (!areDone(before) && !recording.hasEnded) {
    try {
      left = runOthers(before, steps);
    } catch (error) {
      if (!(error instanceof WgslError)) throw error;
      const kind = areOutOfSteps(before) ? "steps" : "divergence";
      fail(recording, { kind, message: error.message, at: error.at });
    }
    // They have changed buffers that the lens begins with.
    forgetPast(lens);
  }
  if (areDone(before)) recordSteps(lens, recording, left, text.layout.places);
  return recording.hasEnded;
}

function visit({ lens, recording }: Opened, step: number): void {
  const { length } = recording.trace;
  if (!(Number.isInteger(step) && step >= 0 && step <= length)) {
    throw new RangeError(`step ${step}; 0 to ${length} have run`);
  }
  goTo(lens, step);
}

function go(opened: Opened, query: Query, maxSteps: number): "found" | "none" | "more" {
  if (query.to === "breakpoint" || query.to === "nan" || query.to === "access") return search(opened, query, maxSteps);
  const { lens, text, past } = opened;
  const strand = "strand" in query ? lens.dispatch.strands[query.strand] : undefined;
  const found = findStep(past, stepOf(lens), query, strand, strand ? positionsOf(text, strand) : []);
  if (found === undefined) return "none";
  goTo(lens, found);
  return "found";
}

function where({ lens, text, past }: Opened): Where {
  const { strands } = lens.dispatch;
  const step = stepOf(lens);
  const next = readyStrand(lens);
  return {
    step,
    next: next && strands.indexOf(next),
    barriers: barriersLeft(lens),
    strands: strands.map((strand, i) => {
      const turn = strand.status === "ended" ? undefined : turnsBegun(past, step, i, positionsOf(text, strand));
      return strandPlace(text, strand, turn);
    }),
  };
}

function finish({ lens, recording, memories, after }: Opened): ReturnType<Stepper["finish"]> {
  const { hasEnded, failure, trace } = recording;
  if (!hasEnded || failure)
    throw new WgslError(failure?.message ?? "the run has not come to its end", failure?.at ?? 0);
  const back = stepOf(lens);
  goTo(lens, trace.length);
  const written = [...memories].flatMap(([{ space, writable }, { i32 }], memory) =>
    space === "storage" && writable ? [{ memory, own: new Uint8Array(i32.buffer) }] : [],
  );
  const before = written.map(({ own }) => own.slice());
  const rest = after();
  try {
    while (!areDone(rest)) runOthers(rest, stepsOfSearch);
    return written.map(({ memory, own }) => ({ memory, bytes: own.slice() }));
  } finally {
    written.forEach(({ own }, i) => {
      own.set(before[i] as Uint8Array);
    });
    goTo(lens, back);
  }
}
