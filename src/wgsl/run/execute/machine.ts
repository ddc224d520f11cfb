// Runs operations for one strand at a time. A lane that is not active waits: `waiting` holds 2f + 1 if it waits for the
// end of frame f, 2f + 2 if it waits for `continuing` of the loop of frame f, and 0 if it waits for nothing, which is so
// for active lanes and for those that will take another branch.
import { WgslError } from "../../error.ts";
import type { Code, Condition, Operation } from "../lower/code.ts";
import { type Access, isAccess, type Observer } from "./observer.ts";
import { actionsOf, type Makers } from "./plain.ts";
import type { Action, State } from "./state.ts";
import { entered, others, type Strand, top } from "./strand.ts";

/** Kinds of operations as numbers. */
const codes = {
  run: 0,
  if: 1,
  else: 2,
  join: 3,
  loop: 4,
  continuing: 5,
  repeat: 6,
  end: 7,
  wait: 8,
  switch: 9,
  case: 10,
  call: 11,
  leave: 12,
  barrier: 13,
} as const satisfies Readonly<Record<Operation["kind"], number>>;

/** Operations as five numbers each: kind, target, and three that depend on the kind. */
const fields = 5;

/** A lowered entry point with what its instructions do. */
export interface Machine {
  readonly state: State;
  readonly operations: readonly Operation[];
  readonly encoded: Int32Array;
  /** What `run` does, and what `barrier` loads; empty for other operations. */
  readonly actions: readonly (readonly Action[])[];
  readonly waiting: Int32Array;
  /** A list of lanes that is made while the active ones are read. */
  readonly rest: Int32Array;
  readonly maxSteps: number;
  /** A strand pauses before the operation at which the steps of the state have reached this number. */
  pauseAt: number;
  readonly observers: readonly Observer[];
}

/** Prepares code for runs in a mode. */
export function newMachine(
  { operations }: Code,
  state: State,
  makers: Makers,
  maxSteps: number,
  observers: readonly Observer[] = [],
): Machine {
  const encoded = new Int32Array(operations.length * fields);
  for (const [i, operation] of operations.entries()) encoded.set(encode(operation, state.width), i * fields);
  const actions = operations.map((operation) => actionsIn(operation, state, makers, observers));
  const [waiting, rest] = [new Int32Array(state.width), new Int32Array(state.width + 1)];
  for (const { begin } of observers) begin?.(state);
  return { state, operations, encoded, actions, waiting, rest, maxSteps, pauseAt: maxSteps, observers };
}

/** What the instructions of an operation do, and before each of them the observers. */
function actionsIn(operation: Operation, state: State, makers: Makers, observers: readonly Observer[]): Action[] {
  if (operation.kind !== "run" && operation.kind !== "barrier") return [];
  const before = operation.kind === "run" ? observers.flatMap(({ run }) => run?.(state, operation) ?? []) : [];
  const instructions = operation.kind === "run" ? operation.instructions : operation.loads;
  const all = instructions.flatMap((one) => [
    ...(isAccess(one) ? observers.flatMap(({ access }) => access?.(state, one as Access) ?? []) : []),
    ...actionsOf(makers, state, one),
  ]);
  return [...before, ...all];
}

function encode(operation: Operation, width: number): number[] {
  const kind = codes[operation.kind];
  const target = "target" in operation ? operation.target.position : -1;
  const conditionOf = (condition: Condition | undefined) =>
    condition ? [condition.slot * width, condition.isNegated ? 0 : 1] : [-1, 0];
  switch (operation.kind) {
    case "if":
      return [kind, target, ...conditionOf(operation.condition), operation.otherwise?.position ?? -1];
    case "wait":
      return [kind, target, ...conditionOf(operation.condition), 2 * operation.levels + (operation.isContinue ? 1 : 0)];
    case "switch":
      return [kind, target, operation.value * width, operation.chosen * width, operation.otherwise];
    case "case":
      return [kind, target, operation.chosen * width, operation.number];
    default:
      return [kind, target];
  }
}

/**
 * Runs a strand until it waits at a barrier, ends, or pauses, which leaves it ready. Throws `WgslError` when the budget
 * of steps is used up.
 */
export function runStrand(machine: Machine, strand: Strand): void {
  const { state, encoded, actions, maxSteps, pauseAt } = machine;
  const { active } = state;
  active.bounds.set(strand.bounds.subarray(0, strand.length));
  active.length = strand.length;
  let at = strand.position;
  for (;;) {
    if (state.steps >= pauseAt) {
      if (state.steps >= maxSteps) throw outOfSteps(machine, at);
      park(machine, strand, at, "ready");
      return;
    }
    state.steps++;
    switch (encoded[at * fields]) {
      case codes.run: {
        const all = actions[at] as readonly Action[];
        for (let i = 0; i < all.length; i++) (all[i] as Action)();
        at++;
        break;
      }
      case codes.barrier:
        park(machine, strand, at, "waiting");
        return;
      case codes.leave:
        at = leave(machine, strand);
        if (strand.depth > 0) break;
        park(machine, strand, at, "ended");
        return;
      default:
        at = step(machine, strand, at);
    }
  }
}

function outOfSteps({ operations, maxSteps }: Machine, at: number): WgslError {
  const { span } = operations[at] as Operation;
  return new WgslError(`the budget of ${maxSteps} steps ended here`, span.at);
}

/** Keeps a strand's lanes while others run. */
function park({ state: { active } }: Machine, strand: Strand, at: number, status: Strand["status"]): void {
  strand.status = status;
  strand.bounds.set(active.bounds.subarray(0, active.length));
  strand.length = active.length;
  strand.position = at;
}

/** Runs an operation that decides which lanes are active; the position of the next one. */
function step(machine: Machine, strand: Strand, at: number): number {
  const { encoded, state } = machine;
  const e = at * fields;
  const target = encoded[e + 1] as number;
  switch (encoded[e]) {
    case codes.if:
      return branch(machine, strand, at);
    case codes.else:
      return otherwise(machine, strand) ? at + 1 : target;
    case codes.join:
      rejoin(machine, strand, -1);
      strand.depth--;
      return state.active.length > 0 ? at + 1 : target;
    case codes.loop:
      open(machine, strand, -1);
      return at + 1;
    case codes.continuing:
      rejoin(machine, strand, 2 * strand.depth);
      return state.active.length > 0 ? at + 1 : target;
    case codes.repeat:
      return state.active.length > 0 ? target : at + 1;
    case codes.end:
      rejoin(machine, strand, 2 * strand.depth - 1);
      strand.depth--;
      return state.active.length > 0 ? at + 1 : target;
    case codes.wait:
      return wait(machine, strand, at);
    case codes.switch:
      choose(machine, strand, at);
      return at + 1;
    case codes.case:
      return takeCase(machine, strand, encoded[e + 2] as number, encoded[e + 3] as number) ? at + 1 : target;
    case codes.call:
      open(machine, strand, at + 1);
      return target;
    default:
      throw new Error(`no operation ${encoded[e]}`);
  }
}

/** Opens a frame that the active lanes have entered. */
function open({ state: { active } }: Machine, strand: Strand, after: number): void {
  strand.depth++;
  const frame = top(strand);
  const { frames } = strand;
  const first = entered(frame);
  frames[frame] = active.length;
  frames[frame + 1] = 0;
  frames[frame + 2] = after;
  for (let i = 0; i < active.length; i++) frames[first + i] = active.bounds[i] as number;
}

/**
 * Makes those lanes active that entered the innermost frame and wait for nothing, or for `released`, which ends their
 * waiting.
 */
function rejoin({ state: { active }, waiting }: Machine, strand: Strand, released: number): void {
  const { frames } = strand;
  const frame = top(strand);
  const first = entered(frame);
  const length = frames[frame] as number;
  const { bounds } = active;
  if (strand.idle === 0) {
    for (let i = 0; i < length; i++) bounds[i] = frames[first + i] as number;
    active.length = length;
    return;
  }
  let count = 0;
  for (let run = 0; run < length; run += 2) {
    const end = frames[first + run + 1] as number;
    for (let lane = frames[first + run] as number; lane < end; lane++) {
      if (waiting[lane] === released) {
        waiting[lane] = 0;
        strand.idle--;
      }
      if (waiting[lane] === 0) count = append(bounds, 0, count, lane);
    }
  }
  active.length = count;
}

/** Adds a lane to a list of runs that starts at `first` and has `count` bounds; how many it has then. */
function append(bounds: Int32Array, first: number, count: number, lane: number): number {
  const next = first + count;
  if (count > 0 && bounds[next - 1] === lane) {
    bounds[next - 1] = lane + 1;
    return count;
  }
  bounds[next] = lane;
  bounds[next + 1] = lane + 1;
  return count + 2;
}

/** Ends a call: all lanes that entered it go on. */
function leave(machine: Machine, strand: Strand): number {
  const after = strand.frames[top(strand) + 2] as number;
  rejoin(machine, strand, 2 * strand.depth - 1);
  strand.depth--;
  return after;
}

/** Lanes whose condition holds go on, the others wait in the frame. */
function branch(machine: Machine, strand: Strand, at: number): number {
  const { encoded, state } = machine;
  const { active, i32 } = state;
  const condition = encoded[at * fields + 2] as number;
  const wanted = encoded[at * fields + 3] as number;
  open(machine, strand, -1);
  const { frames } = strand;
  const frame = top(strand);
  const from = entered(frame);
  const first = others(strand, frame);
  const { bounds, length } = active;
  let yes = 0;
  let no = 0;
  for (let run = 0; run < length; run += 2) {
    const end = frames[from + run + 1] as number;
    for (let lane = frames[from + run] as number; lane < end; lane++) {
      if (i32[condition + lane] === wanted) yes = append(bounds, 0, yes, lane);
      else no = append(frames, first, no, lane);
    }
  }
  active.length = yes;
  frames[frame + 1] = no;
  if (yes > 0 && no > 0) part(machine, at);
  if (yes > 0) return at + 1;
  const other = encoded[at * fields + 4] as number;
  return other < 0 ? (encoded[at * fields + 1] as number) : other;
}

/** Makes the lanes active that wait for `else`; whether there are any. */
function otherwise({ state: { active } }: Machine, strand: Strand): boolean {
  const { frames } = strand;
  const frame = top(strand);
  const length = frames[frame + 1] as number;
  const first = others(strand, frame);
  for (let i = 0; i < length; i++) active.bounds[i] = frames[first + i] as number;
  active.length = length;
  return length > 0;
}

/** Tells observers that lanes of a strand part. */
function part({ observers, operations }: Machine, at: number): void {
  for (const { parted } of observers) parted?.((operations[at] as Operation).span.at);
}

/** Lets active lanes wait for a frame, all of them or those whose condition holds. */
function wait(machine: Machine, strand: Strand, at: number): number {
  const { encoded, state, waiting, rest } = machine;
  const { active, i32 } = state;
  const { bounds, length } = active;
  const e = at * fields;
  const condition = encoded[e + 2] as number;
  const wanted = encoded[e + 3] as number;
  const which = encoded[e + 4] as number;
  const frame = strand.depth - 1 - (which >> 1);
  const until = 2 * frame + 1 + (which & 1);
  const before = strand.idle;
  let count = 0;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let lane = bounds[run] as number; lane < end; lane++) {
      if (condition < 0 || i32[condition + lane] === wanted) {
        waiting[lane] = until;
        strand.idle++;
      } else count = append(rest, 0, count, lane);
    }
  }
  for (let i = 0; i < count; i++) bounds[i] = rest[i] as number;
  if (count > 0 && strand.idle > before) part(machine, at);
  active.length = count;
  return count > 0 ? at + 1 : (encoded[e + 1] as number);
}

/** Writes the number of each lane's case, and opens the frame of a switch. */
function choose(machine: Machine, strand: Strand, at: number): void {
  const { operations, encoded, state } = machine;
  const operation = operations[at] as Extract<Operation, { kind: "switch" }>;
  const { active, i32 } = state;
  const { bounds, length } = active;
  const value = encoded[at * fields + 2] as number;
  const chosen = encoded[at * fields + 3] as number;
  let one = -2;
  let isOne = true;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let lane = bounds[run] as number; lane < end; lane++) {
      const number = operation.cases.get(i32[value + lane] as number) ?? operation.otherwise;
      i32[chosen + lane] = number;
      isOne &&= one === -2 || one === number;
      one = number;
    }
  }
  if (!isOne) part(machine, at);
  open(machine, strand, -1);
}

/** Makes the lanes active that take a case; whether there are any. */
function takeCase({ state }: Machine, strand: Strand, chosen: number, number: number): boolean {
  const { active, i32 } = state;
  const { frames } = strand;
  const frame = top(strand);
  const first = entered(frame);
  const length = frames[frame] as number;
  let count = 0;
  for (let run = 0; run < length; run += 2) {
    const end = frames[first + run + 1] as number;
    for (let lane = frames[first + run] as number; lane < end; lane++) {
      if (i32[chosen + lane] === number) count = append(active.bounds, 0, count, lane);
    }
  }
  active.length = count;
  return count > 0;
}
