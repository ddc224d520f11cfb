// What the main thread of a page had to do, from Chromium's trace.

/** An event of a trace (Trace Event Format); times in microseconds, `tdur` of the processor. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly data?: { readonly url?: string; readonly isOutermostMainFrame?: boolean } };
}

/** What Chromium has to trace for it. */
export const categories = ["devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel"];

/** Milliseconds of the processor that each task of a page's main thread took, the longest first. */
export function tasksOf(trace: Buffer, address: string): number[] {
  const { traceEvents } = JSON.parse(trace.toString()) as { readonly traceEvents: readonly TraceEvent[] };
  const shows = ({ name, args }: TraceEvent) =>
    name === "CommitLoad" && args?.data?.isOutermostMainFrame === true && address.startsWith(args.data.url ?? "-");
  const loaded = traceEvents.find(shows);
  if (!loaded) throw new Error(`the trace does not have the page ${address}`);
  const tasks = traceEvents.filter(({ name, pid, tid }) => {
    return name === "RunTask" && pid === loaded.pid && tid === loaded.tid;
  });
  // Without `dur` a task had not ended with the trace; of the very short the time of the processor is not there.
  const times = tasks.flatMap(({ dur, tdur = dur }) => (dur === undefined || tdur === undefined ? [] : [tdur / 1000]));
  return times.toSorted((a, b) => b - a);
}
