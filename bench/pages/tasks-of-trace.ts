// The tasks of a page's main thread, from Chromium's trace.

/** An event of a trace (Trace Event Format); times in microseconds, `tdur` of the processor. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly data?: { readonly url?: string; readonly isOutermostMainFrame?: boolean } };
}

/** The categories that Chromium must trace. */
export const categories = ["devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel"];

/** Processor milliseconds of each task of a page's main thread, longest first. */
export function tasksOf(trace: Buffer, address: string): number[] {
  const { traceEvents } = JSON.parse(trace.toString()) as { readonly traceEvents: readonly TraceEvent[] };
  const shows = ({ name, args }: TraceEvent) =>
    name === "CommitLoad" && args?.data?.isOutermostMainFrame === true && address.startsWith(args.data.url ?? "-");
  const loaded = traceEvents.find(shows);
  if (!loaded) throw new Error(`the trace does not have the page ${address}`);
  const tasks = traceEvents.filter(({ name, pid, tid }) => {
    return name === "RunTask" && pid === loaded.pid && tid === loaded.tid;
  });
  // Without `dur` a task had not ended with the trace; very short ones lack processor time.
  const times = tasks.flatMap(({ dur, tdur = dur }) => (dur === undefined || tdur === undefined ? [] : [tdur / 1000]));
  return times.toSorted((a, b) => b - a);
}
