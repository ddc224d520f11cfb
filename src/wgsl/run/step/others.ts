// Workgroups other than the one that is stepped through. They run as a whole, plainly, some steps at a time.
import { WgslError } from "../../error.ts";
import { type Dispatch, haveEnded, release, runReady, startWorkgroup } from "../execute/workgroups.ts";

type Workgroup = readonly [number, number, number];

/** Workgroups that run one after the other. */
export interface Others {
  readonly makeDispatch: () => Dispatch;
  readonly left: Workgroup[];
  /** What they run with, and the one that runs; undefined before the first. */
  dispatch: Dispatch | undefined;
  running: Workgroup | undefined;
}

/** Workgroups of which none has run yet. */
export const newOthers = (left: readonly Workgroup[], makeDispatch: () => Dispatch): Others => ({
  makeDispatch,
  left: [...left],
  dispatch: undefined,
  running: undefined,
});

/** Runs so many steps of them; how many of those are left when all have ended. Throws `WgslError` for a divergence. */
export function runOthers(others: Others, steps: number): number {
  others.dispatch ??= others.makeDispatch();
  const { machine, strands } = others.dispatch;
  const { state } = machine;
  const until = state.steps + steps;
  machine.pauseAt = Math.min(until, machine.maxSteps);
  while (state.steps < until) {
    if (!others.running || haveEnded(strands)) {
      others.running = others.left.shift();
      if (!others.running) break;
      startWorkgroup(others.dispatch, others.running);
    }
    const ready = strands.find(({ status }) => status === "ready");
    const divergence = ready ? runReady(machine, ready) : haveEnded(strands) ? undefined : release(machine, strands);
    if (divergence) throw new WgslError(`workgroup ${others.running.join(", ")}: ${divergence.message}`, divergence.at);
  }
  state.outOfBounds.clear();
  state.prints.length = 0;
  return until - state.steps;
}

/** Whether the budget of steps is used up. */
export const areOutOfSteps = ({ dispatch }: Others): boolean =>
  dispatch !== undefined && dispatch.machine.state.steps >= dispatch.machine.maxSteps;

/** Whether there is nothing more to run. */
export const areDone = ({ running, left, dispatch }: Others): boolean =>
  left.length === 0 && (!running || !dispatch || haveEnded(dispatch.strands));
