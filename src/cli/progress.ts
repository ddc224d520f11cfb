import type { Progress } from "../formats/load-progress.ts";

/** Reports the progress of some work. */
export type Report = (progress: Progress) => void;

/**
 * Runs long work under a progress bar, on stderr if that is a terminal and `quiet` is not set. The bar is removed when
 * the work ends or fails.
 */
export async function withProgress<T>(label: string, quiet: boolean, work: (report: Report) => Promise<T>): Promise<T> {
  return await withPhases([label], quiet, ([report = () => {}]) => work(report));
}

/** As `withProgress`, for work in several phases, each with its own report: the bar shows the latest. */
export async function withPhases<T>(
  labels: readonly string[],
  quiet: boolean,
  work: (reports: readonly Report[]) => Promise<T>,
): Promise<T> {
  if (quiet || !process.stderr.isTTY) return await work(labels.map(() => () => {}));
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    format: `{label} {bar} {percentage}% {duration_formatted}`,
    barsize: 30,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    clearOnComplete: true,
    // Nothing needs to be restored, so Ctrl-C may end the process immediately: the library's own handler would swallow
    // it.
    linewrap: true,
    gracefulExit: false,
    // Without it the elapsed time does not update between reports.
    forceRedraw: true,
  });
  bar.start(1, 0, { label: labels.at(-1) });
  try {
    const report =
      (label: string): Report =>
      ({ done, total }) => {
        bar.setTotal(Math.max(1, total));
        bar.update(done, { label });
      };
    return await work(labels.map(report));
  } finally {
    bar.stop();
  }
}
