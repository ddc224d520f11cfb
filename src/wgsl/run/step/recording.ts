// The first run of a workgroup, step by step: what happens in it is noted, snapshots are kept on the way.
import type { Divergence } from "../execute/divergence.ts";
import type { Machine } from "../execute/machine.ts";
import type { Strand } from "../execute/strand.ts";
import { haveEnded } from "../execute/workgroups.ts";
import type { Detector, Race } from "../race/detector.ts";
import {
  forgetEvents,
  giveBack,
  goTo,
  keepStep,
  type Lens,
  leaveBarrier,
  readyStrand,
  runUntil,
  stepOf,
  takeState,
} from "./lens.ts";
import type { Snapshot } from "./snapshots.ts";
import { allStrands, newTrace, record, type Trace } from "./trace.ts";
import type { SourcePlace } from "./types.ts";

/** A step at which something happened: that before the operation. Places are characters from the start of the text. */
interface Event {
  readonly step: number;
  readonly at: number;
}

/** How a run ended that has not come to its end by itself. */
interface Failure {
  readonly kind: "divergence" | "steps";
  readonly message: string;
  readonly at: number;
}

/** A race, and the step that is its second access. */
interface RaceEvent {
  readonly step: number;
  readonly race: Race;
}

/** What is known of the steps that have run. */
export interface Recording {
  /** Takes the steps the first time. */
  readonly machine: Machine;
  readonly detector: Detector | undefined;
  readonly trace: Trace;
  readonly maxSteps: number;
  /** Steps after which all strands wait at a barrier. */
  readonly barriers: number[];
  readonly outOfBounds: Event[];
  readonly races: RaceEvent[];
  readonly prints: (Event & { readonly lane: number; readonly values: readonly number[] })[];
  /** Strand, first step and the step after the last of each stretch that one strand runs. */
  readonly stretches: number[];
  /** Events that were one too many to be noted. */
  dropped: number;
  hasEnded: boolean;
  failure: Failure | undefined;
  /** The state after all steps that have run, while the lens is elsewhere. */
  last: Snapshot | undefined;
  /** Work since the last snapshot: actions times lanes. */
  work: number;
}

/** The most events of a kind that are noted. */
const mostEvents = 100_000;

/** Work and steps between snapshots: a millisecond or two. */
const workBetween = 1_000_000;
const stepsBetween = 512;

/** A recording of nothing yet, of at most so many steps. */
export const newRecording = (machine: Machine, detector: Detector | undefined, maxSteps: number): Recording => ({
  machine,
  detector,
  trace: newTrace(),
  maxSteps,
  barriers: [],
  outOfBounds: [],
  races: [],
  prints: [],
  stretches: [],
  dropped: 0,
  hasEnded: false,
  failure: undefined,
  last: undefined,
  work: 0,
});

/** Runs on from the last step that has run, by so many steps, and then goes back to where the lens was. */
export function recordSteps(lens: Lens, recording: Recording, steps: number, places: readonly SourcePlace[]): void {
  const back = stepOf(lens);
  const { trace, last } = recording;
  if (last && back < trace.length) giveBack(lens, last);
  for (let i = 0; i < steps && !recording.hasEnded; i++) recordStep(lens, recording, places);
  // There may be many steps between snapshots.
  recording.last = recording.hasEnded ? undefined : takeState(lens);
  goTo(lens, back);
}

function recordStep(lens: Lens, recording: Recording, places: readonly SourcePlace[]): void {
  const { strands } = lens.dispatch;
  const step = stepOf(lens);
  const strand = readyStrand(lens);
  const operation = (strand ?? (strands[0] as Strand)).position;
  if (haveEnded(strands)) {
    end(recording, undefined);
  } else if (step >= recording.maxSteps) {
    const message = `the budget of ${recording.maxSteps} steps ended here`;
    fail(recording, { kind: "steps", message, at: places[operation]?.at ?? 0 });
  } else if (strand) {
    const number = strands.indexOf(strand);
    record(recording.trace, number, operation);
    noteStretch(recording, number, step);
    const missing = runUntil(recording.machine, strand, step + 1);
    noteStep(lens, recording, step, operation);
    if (missing) end(recording, missing);
  } else {
    const missing = leaveBarrier(lens, recording.machine);
    if (missing) end(recording, missing);
    else {
      record(recording.trace, allStrands, operation);
      recording.barriers.push(step);
      noteStep(lens, recording, step, operation);
    }
  }
}

/** Notes what happened in a step, and keeps a snapshot now and then. */
function noteStep(lens: Lens, recording: Recording, step: number, operation: number): void {
  noteEvents(lens, recording, step);
  const { actions, state } = lens.dispatch.machine;
  recording.work += (1 + (actions[operation]?.length ?? 0)) * state.width;
  const { kept, thinned } = lens.snapshots;
  const spacing = 2 ** thinned;
  if (recording.work < workBetween * spacing && step + 1 - (kept.at(-1)?.step ?? 0) < stepsBetween * spacing) return;
  keepStep(lens);
  recording.work = 0;
}

function end(recording: Recording, divergence: Divergence | undefined): void {
  recording.hasEnded = true;
  if (divergence) recording.failure = { kind: "divergence", message: divergence.message, at: divergence.at };
}

/** Ends a recording with a failure. */
export function fail(recording: Recording, failure: Failure): void {
  recording.hasEnded = true;
  recording.failure = failure;
}

function noteStretch({ stretches }: Recording, strand: number, step: number): void {
  const last = stretches.length - 3;
  if (last >= 0 && stretches[last] === strand) stretches[last + 2] = step + 1;
  else stretches.push(strand, step, step + 1);
}

function noteEvents(lens: Lens, recording: Recording, step: number): void {
  const { outOfBounds, prints } = lens.dispatch.machine.state;
  const { detector, races } = recording;
  if (detector && detector.raceCount() > races.length) {
    for (const race of detector.races().slice(races.length)) races.push({ step, race });
  }
  if (outOfBounds.size === 0 && prints.length === 0) return;
  for (const at of outOfBounds) note(recording, recording.outOfBounds, { step, at });
  for (const { at, lane, values } of prints) note(recording, recording.prints, { step, at, lane, values });
  forgetEvents(lens);
}

function note<T>(recording: Recording, events: T[], event: T): void {
  if (events.length < mostEvents) events.push(event);
  else recording.dropped++;
}
