import { Worker } from "node:worker_threads";

/** Handles Ctrl-C during work that can end early. */
interface Interrupt {
  /** Aborts at the first Ctrl-C once `watch` has resolved; until then Ctrl-C ends the process. */
  readonly signal: AbortSignal;
  /** From here on the first Ctrl-C aborts and sets the exit code; the second ends the process. */
  watch(): Promise<void>;
  [Symbol.dispose](): void;
}

/** Exit code after Ctrl-C: 128 plus the number of SIGINT. */
const interrupted = 130;

/**
 * A listener of `process` runs on the main thread, so it is not called while that thread computes or waits for a
 * driver, and it disables the system's own handling of the signal. So another thread watches: it sleeps in a script
 * that Node wakes at SIGINT without the main thread. Once awake, the system's handling is restored, and a second SIGINT
 * ends the process regardless of the main thread.
 */
const watcher = `
  const { parentPort } = require("node:worker_threads");
  const { runInThisContext } = require("node:vm");
  globalThis.sleep = () => {
    parentPort.postMessage("ready");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
  try {
    runInThisContext("sleep()", { breakOnSigint: true });
  } catch {
    parentPort.postMessage("interrupted");
  }
`;

/** An interrupt, not yet watched. */
export function makeInterrupt(): Interrupt {
  const controller = new AbortController();
  let thread: Worker | undefined;
  return {
    signal: controller.signal,
    watch() {
      const worker = new Worker(watcher, { eval: true, execArgv: [] });
      thread = worker;
      worker.unref();
      return new Promise((resolve, reject) => {
        worker.once("error", reject);
        worker.on("message", (message) => {
          if (message === "ready") return resolve();
          process.exitCode = interrupted;
          controller.abort();
        });
      });
    },
    [Symbol.dispose]: () => void thread?.terminate(),
  };
}
