// The number of keys that a query sees, in closed form, from which the cost of a dispatch is computed for any length.
import type { KeyRange } from "../mod.ts";

/** The end of the keys up to a query's own position, at most `keys`. */
export const until = (query: number, keys: number): number => Math.max(0, Math.min(query + 1, keys));

/** Keys from `first` up to but not including `end` whose distance to `query` is a multiple of `step`. */
export function inStep(first: number, end: number, query: number, step: number): number {
  if (end <= first) return 0;
  return Math.floor((end - 1 - query) / step) - Math.floor((first - 1 - query) / step);
}

/** Keys before `end` whose index within their block of `stride` keys is in the band. */
export function inBand(end: number, [from, to]: KeyRange, stride: number): number {
  const blocks = Math.floor(end / stride);
  return blocks * (to - from) + Math.max(0, Math.min(end - blocks * stride, to) - from);
}
