// Moments at which a test lets something happen: counted in what the process does, and not in time.
import { promiseHooks } from "node:v8";
import { globals } from "webgpu";

/**
 * Calls `event` before the continuation number `turn` of a promise from now on, counted by V8's own hook: at an await
 * of all that runs. `finish` gives how many there were.
 */
export function atTurn(turn: number, event: () => void): { finish: () => number } {
  let count = 0;
  const hook: unknown = promiseHooks.onBefore(() => {
    if (++count === turn) queueMicrotask(event);
  });
  return {
    finish: () => {
      (hook as () => void)();
      return count;
    },
  };
}

const { prototype } = (globals as unknown as { GPUQueue: { prototype: GPUQueue } }).GPUQueue;
const submit = prototype.submit;
const watches = new Set<() => void>();

/**
 * Calls `event` right after the submit number `count` from now on, of whichever device of this process. `finish` ends
 * the watch, and gives how many submits there were.
 */
export function atSubmit(count: number, event: () => void): { finish: () => number } {
  let submits = 0;
  const watch = () => {
    if (++submits === count) queueMicrotask(event);
  };
  watches.add(watch);
  prototype.submit = function (this: GPUQueue, ...given) {
    submit.apply(this, given);
    for (const one of watches) one();
  };
  return {
    finish: () => {
      watches.delete(watch);
      if (watches.size === 0) prototype.submit = submit;
      return submits;
    },
  };
}
