// Which operation each step of a run was: what searches through time go by.

/** A list of steps: of each the strand that took it, or all of them, and the operation. */
export interface Trace {
  length: number;
  /** The operation times 512, and the strand. */
  steps: Int32Array;
}

/** More than there are strands: 1024 lanes in subgroups of 4 are 256. */
const mostStrands = 512;

/** In place of a strand: all of them, which leave a barrier. */
export const allStrands = mostStrands - 1;

export const newTrace = (): Trace => ({ length: 0, steps: new Int32Array(4096) });

/** Adds a step. */
export function record(trace: Trace, strand: number, operation: number): void {
  if (trace.length === trace.steps.length) {
    const longer = new Int32Array(2 * trace.length);
    longer.set(trace.steps);
    trace.steps = longer;
  }
  trace.steps[trace.length++] = operation * mostStrands + strand;
}

/** The strand that takes the step from state `step` to the next. */
export const strandAt = ({ steps }: Trace, step: number): number => (steps[step] as number) % mostStrands;

/** The operation that takes the step from state `step` to the next. */
export const operationAt = ({ steps }: Trace, step: number): number =>
  Math.floor((steps[step] as number) / mostStrands);
