/** Handles Ctrl-C while work runs that can end early. */
export interface Interrupt {
  /** Aborts at the first Ctrl-C. */
  readonly signal: AbortSignal;
  [Symbol.dispose](): void;
}

/** Exit code of a process ended by Ctrl-C: 128 plus the number of SIGINT. */
export const interrupted = 130;

/** Turns the first Ctrl-C into an abort, after which the exit code is 130; the second ends the process at once. */
export function catchInterrupt(): Interrupt {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(interrupted);
    process.exitCode = interrupted;
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  return { signal: controller.signal, [Symbol.dispose]: () => process.off("SIGINT", onSignal) };
}
