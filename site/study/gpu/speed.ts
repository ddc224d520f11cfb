// How fast rungs of ladders are on the visitor's GPU, as far as they were timed on this visit.
import { signal } from "@preact/signals";
import { digits } from "../../shell/format.ts";
import type { GpuTimes } from "../worker/gpu-protocol.ts";

/** A rung that was timed, next to the one that it is compared with. */
export interface Speed {
  /** The median of its times; undefined where it was not timed. */
  readonly ms: number | undefined;
  /** Why it was not: its result is wrong on this GPU, or it does not run there. */
  readonly reason: string | undefined;
  readonly before: { readonly name: string; readonly ms: number } | undefined;
  /** Sizes that both were timed on. */
  readonly sizes: Readonly<Record<string, number>>;
}

/** The speeds of kernels, by name. */
export const speeds = signal<ReadonlyMap<string, Speed>>(new Map());

/** Notes the speed of a kernel: the first of the times; the second is that of the rung before, if there is one. */
export function noteSpeed(kernel: string, [own, before]: GpuTimes["times"], sizes: Speed["sizes"]): void {
  const other = before?.timing && { name: before.name, ms: before.timing.medianMs };
  const speed = { ms: own?.timing?.medianMs, reason: own?.reason, before: other, sizes };
  speeds.value = new Map([...speeds.peek(), [kernel, speed]]);
}

/** A smaller gain is a tie. */
const tie = 1.3;

/** The time of a kernel, and how it compares with the one before. */
export function speedWords({ ms, reason, before }: Speed): string {
  if (ms === undefined) return `not timed: ${reason ?? "no reason is given"}`;
  if (!before) return timeText(ms);
  const gain = before.ms / ms;
  const compared =
    gain >= tie
      ? `${digits(gain)}× as fast as`
      : 1 / gain >= tie
        ? `${digits(1 / gain)}× the time of`
        : "about the same as";
  return `${timeText(ms)}, ${compared} ${before.name}`;
}

/** Milliseconds in the unit that suits them. */
export const timeText = (ms: number): string => (ms < 1 ? `${digits(1000 * ms)} µs` : `${digits(ms)} ms`);
