import { interrupted } from "./interrupt.ts";

/** Tells how far some work is. */
export type Report = (done: number, total: number) => void;

/**
 * Does long work under a progress bar, on stderr where that is a terminal and `quiet` is not set. The bar goes when the
 * work ends, well or badly.
 */
export async function withProgress<T>(label: string, quiet: boolean, work: (report: Report) => Promise<T>): Promise<T> {
  if (quiet || !process.stderr.isTTY) return await work(() => {});
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    format: `${label} {bar} {percentage}% {duration_formatted}`,
    barsize: 30,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    hideCursor: true,
    clearOnComplete: true,
    // Without it the time stands still while nothing is reported.
    forceRedraw: true,
  });
  const onInterrupt = () => {
    bar.stop(); // which brings the cursor back
    process.exit(interrupted);
  };
  process.once("SIGINT", onInterrupt);
  bar.start(1, 0);
  try {
    return await work((done, total) => {
      bar.setTotal(Math.max(1, total));
      bar.update(done);
    });
  } finally {
    bar.stop();
    process.off("SIGINT", onInterrupt);
  }
}
