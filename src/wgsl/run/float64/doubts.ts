// Lanes in doubt: those that rounding has sent a way that a GPU may not take. A GPU that takes the same way computes the
// same on it; what is stored to memory on the way, and what is in slots where it meets the others, is decided by
// rounding. The machine knows nothing of this, so operations are put into the code before each choice and after each
// meeting.
import type { Action } from "../execute/state.ts";
import { forEachLane } from "../execute/state.ts";
import type { Code, Label, Operation } from "../lower/code.ts";
import type { Choice, Ways } from "./regions.ts";
import { decided, isDoubtful, markAll, type Shadow } from "./shadow.ts";

type Run = Extract<Operation, { kind: "run" }>;

/** What the operations that are put in do: before a choice, and after operations where lanes meet or come back. */
type Check =
  | { readonly kind: "choice"; readonly choice: Choice; readonly position: number }
  | { readonly kind: "meeting"; readonly position: number }
  | { readonly kind: "return"; readonly callee: number };

/** Code with operations that watch for doubts, and what each of them does. */
interface WatchedCode {
  readonly code: Code;
  readonly checks: ReadonlyMap<Operation, Check>;
}

/** Puts operations into code, whose labels it moves. */
export function watched(code: Code, { choices, functionAt }: Ways): WatchedCode {
  const checks = new Map<Operation, Check>();
  const ends = new Set([...choices.values()].map(({ end }) => end));
  const callees = new Set([...ends].filter((end) => code.operations[end]?.kind === "leave").map(functionAt));
  const operations: Operation[] = [];
  const positions: number[] = [];
  const put = (check: Check, { span }: Operation) => {
    const operation: Run = { kind: "run", instructions: [], span };
    checks.set(operation, check);
    operations.push(operation);
  };
  for (const [position, operation] of code.operations.entries()) {
    positions.push(operations.length);
    const choice = choices.get(position);
    if (choice) put({ kind: "choice", choice, position }, operation);
    operations.push(operation);
    if (operation.kind === "call") {
      const callee = operation.target.position;
      if (callees.has(callee)) put({ kind: "return", callee }, operation);
    } else if (ends.has(position) && operation.kind !== "leave") put({ kind: "meeting", position }, operation);
  }
  for (const label of labelsOf(code.operations)) label.position = positions[label.position] ?? label.position;
  return { code: Object.assign({}, code, { operations }), checks };
}

function labelsOf(operations: readonly Operation[]): ReadonlySet<Label> {
  const labels = new Set<Label>();
  for (const operation of operations) {
    if ("target" in operation) labels.add(operation.target);
    if (operation.kind === "if" && operation.otherwise) labels.add(operation.otherwise);
  }
  return labels;
}

/** What an operation that was put in does. `pending` has the choices of each lane whose ways have not met. */
export function checkAction(shadow: Shadow, pending: readonly Set<Choice>[], check: Check, ways: Ways): Action {
  const { state, doubts } = shadow;
  if (check.kind === "choice") {
    const { choice } = check;
    const visit = (lane: number) => {
      if (!isDoubtful(shadow, choice.slot * state.width + lane)) return;
      markMissed(shadow, choice, lane);
      pending[lane]?.add(choice);
      doubts[lane] = decided;
    };
    return () => forEachLane(state.active, visit);
  }
  const { functionAt } = ways;
  const isOver =
    check.kind === "return"
      ? (end: number) => functionAt(end) === check.callee
      : (end: number) => end <= check.position && functionAt(end) === functionAt(check.position);
  const visit = (lane: number) => {
    const own = pending[lane];
    if (!own || own.size === 0) return;
    for (const choice of own) {
      if (!isOver(choice.end)) continue;
      own.delete(choice);
      markStored(shadow, choice, lane);
    }
    if (own.size === 0) doubts[lane] = 0;
  };
  return () => forEachLane(state.active, visit);
}

/** Marks memory that the lane may store to on the way that it does not take. */
function markMissed({ state, memories }: Shadow, { slot, isNegated, missed }: Choice, lane: number): void {
  const isTrue = (state.i32[slot * state.width + lane] !== 0) !== isNegated;
  for (const variable of missed(isTrue)) {
    const memory = memories.get(variable);
    if (memory) markAll(memory);
  }
}

/** Marks what the lane has stored or might have since the choice, where its ways meet. */
function markStored({ slots, state }: Shadow, choice: Choice, lane: number): void {
  for (const slot of choice.slots()) {
    const i = slot * state.width + lane;
    slots.kinds[i] = (slots.kinds[i] as number) | decided;
  }
}
