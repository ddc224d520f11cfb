/** Reports the progress of some work. */
export type Report = (done: number, total: number) => void;

/**
 * Runs long work under a progress bar, on stderr where that is a terminal and `quiet` is not set. The bar is removed
 * when the work ends or fails.
 */
export async function withProgress<T>(label: string, quiet: boolean, work: (report: Report) => Promise<T>): Promise<T> {
  if (quiet || !process.stderr.isTTY) return await work(() => {});
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    format: `${label} {bar} {percentage}% {duration_formatted}`,
    barsize: 30,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    clearOnComplete: true,
    // Nothing has to be set back, so Ctrl-C may end the process at once: the library's own handler would swallow it.
    linewrap: true,
    gracefulExit: false,
    // Without it the elapsed time does not update between reports.
    forceRedraw: true,
  });
  bar.start(1, 0);
  try {
    return await work((done, total) => {
      bar.setTotal(Math.max(1, total));
      bar.update(done);
    });
  } finally {
    bar.stop();
  }
}
