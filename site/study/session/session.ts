// The run that is stepped through, and the whole dispatch: what the page requests, and what it keeps of the answers.
import { effect } from "@preact/signals";
import * as state from "../state.ts";
import type { Answer, FrameWishes, Move, Study, StudyReport } from "../worker/protocol.ts";
import { newThread } from "./threads.ts";

let session = 0;
/** The move that the thread makes, and the one that waits for it. */
let pending: Move | undefined;
let next: Move | undefined;
let given: { readonly study: Study; readonly lens: string } | undefined;
/** The study that the other thread runs as a whole, and its number. */
let reporting: Study | undefined;
let reports = 0;

const failed = (message: string) => {
  state.busy.value = false;
  state.threadFailure.value = message;
};
const stepping = newThread(take, failed);
const whole = newThread(takeWhole, failed);

const wishes = (): FrameWishes => ({
  strand: state.strand.value,
  watches: state.watches.value,
  memory: state.shownMemory.value,
});

/** What the thread says that runs whole dispatches. */
function takeWhole(answer: StudyReport | Answer): void {
  if (answer.kind === "other") {
    state.others.value = new Map([...state.others.value, [answer.kernel, answer]]);
    return;
  }
  if (answer.kind === "buffers") {
    if (answer.kernel === state.study.value.kernel) state.choose({ own: answer.own });
    return;
  }
  if (answer.session !== reports || reporting !== state.study.value) return;
  if (answer.kind === "report") {
    state.report.value = answer.report;
    return;
  }
  if (answer.kind === "orders") {
    state.orders.value = answer.orders;
    return;
  }
  reporting = undefined;
  if (answer.kind === "float64") state.float64.value = answer.float64;
  else if (answer.kind === "no-float64") state.noFloat64.value = answer.problem;
  else if (answer.kind === "refused") state.problem.value = answer.problem;
}

/** What the thread says that steps. */
function take(answer: StudyReport | Answer): void {
  if (answer.kind === "other" || answer.kind === "buffers" || answer.session !== session) return;
  switch (answer.kind) {
    case "prepared":
      state.prepared.value = answer.prepared;
      return;
    case "joined":
      state.joined.value = answer.joined;
      return;
    case "opened":
      state.problem.value = undefined;
      state.opened.value = answer.opened;
      return;
    case "progress":
      state.progress.value = answer.progress;
      if (answer.progress.end && answer.progress.end.kind !== "steps") runWhole();
      return;
    case "refused":
      state.problem.value = answer.problem;
      state.progress.value = undefined;
      state.busy.value = false;
      return;
    case "frame":
      state.frame.value = answer.frame;
      pending = undefined;
      state.busy.value = false;
      if (next) move(next);
  }
}

/** Runs the whole dispatch in the other thread, once the workgroup under the lens has come to its end. */
function runWhole(): void {
  const study = state.study.value;
  if (reporting === study || state.report.value) return;
  if (reporting) whole.end(); // it is busy with an earlier text
  reporting = study;
  whole.send({ kind: "report", session: ++reports, study });
}

/**
 * Goes somewhere in the run. While the thread searches, another move takes the search's place; other moves are quick, and
 * of those that come meanwhile the last one is made.
 */
export function move(to: Move): void {
  if (!state.opened.value || state.problem.value) return;
  if (to.kind !== "stay" && !state.editing.value) state.shownFile.value = undefined; // the text follows the run
  const isSearch = pending?.kind === "query" || pending?.kind === "run";
  if (pending && (!isSearch || to.kind === "stay")) {
    if (to.kind !== "stay" || !next) next = to;
    return;
  }
  [pending, next] = [to, undefined];
  state.busy.value = true;
  stepping.send({ kind: "move", session, move: to, wishes: wishes() });
}

/** Fetches the text and the counters of another kernel on the same sizes, as far as it has them. */
export function fetchOther(kernel: string): void {
  const { sizes, subgroupSize, mapping } = state.study.value;
  whole.send({ kind: "other", study: { ...state.standard, kernel, sizes, subgroupSize, mapping } });
}

/** Lets the reader change the buffers of what is studied. */
export const fetchBuffers = (): void => whole.send({ kind: "buffers", study: state.study.value });

/** Opens the run anew at a step. The whole dispatch is the same in whichever workgroup steps are taken. */
function open(study: Study, step: number, isSameStudy: boolean): void {
  session++;
  [pending, next] = [{ kind: "step", step }, undefined];
  state.threadFailure.value = undefined;
  state.progress.value = undefined;
  state.busy.value = true;
  if (!isSameStudy) {
    [state.report.value, state.orders.value] = [undefined, undefined];
    [state.float64.value, state.noFloat64.value] = [undefined, undefined];
  }
  stepping.send({ kind: "open", session, study, lens: state.lens.value, step, wishes: wishes() });
}

/** Ends the threads and their work, and starts at the first step. */
export function restart(): void {
  stepping.end();
  whole.end();
  reporting = undefined;
  open(state.study.value, 0, false);
}

/** Keeps the run that of the page: what is studied, and the workgroup under the lens. */
export function followStudy(): void {
  effect(() => {
    const [study, at] = [state.study.value, state.lens.value.join()];
    const before = given?.study;
    if (before === study && given?.lens === at) return;
    given = { study, lens: at };
    const isSameKernel = before?.kernel === study.kernel;
    if (!isSameKernel) [state.opened.value, state.frame.value] = [undefined, undefined];
    const decides = ["sizes", "subgroupSize", "mapping"] as const;
    if (!isSameKernel || decides.some((one) => before[one] !== study[one])) state.others.value = new Map();
    const step = isSameKernel ? (state.frame.peek()?.where.step ?? 0) : state.linkedStep.peek();
    open(study, step, before === study);
  });
  effect(() => {
    void [state.strand.value, state.watches.value, state.shownMemory.value];
    if (state.opened.peek()) move({ kind: "stay" });
  });
}
