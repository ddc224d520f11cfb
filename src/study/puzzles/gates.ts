// What gates measure.
import type { AccessCounts, Counts } from "../../wgsl/run/count/counter.ts";
import type { Gate } from "./puzzle.ts";

type Measure = Gate["measure"];

const sum = (all: readonly AccessCounts[], of: (one: AccessCounts) => number): number =>
  all.reduce((total, one) => total + of(one), 0);

const ofBuffers = ({ accesses }: Counts, names: readonly string[]): readonly AccessCounts[] =>
  accesses.filter(({ variable: { name, space } }) => space === "storage" && names.includes(name));

/** Blocks of 32 bytes that requests to buffers touch, over the fewest that could hold what they ask for. */
export const excess =
  (...names: readonly string[]): Measure =>
  (counts) => {
    const own = ofBuffers(counts, names);
    return sum(own, ({ segments32 }) => segments32) / sum(own, ({ fewest32 }) => fewest32);
  };

/** Bytes of buffers that lanes ask for, over a number that follows from the sizes. */
export const asked =
  (names: readonly string[], per: (sizes: Parameters<Measure>[1]) => number): Measure =>
  (counts, sizes) =>
    sum(ofBuffers(counts, names), (one) => one.asked) / per(sizes);

/** Accesses of a buffer by subgroups. */
export const requests =
  (name: string): Measure =>
  (counts) =>
    sum(ofBuffers(counts, [name]), (one) => one.requests);

/** Atomic functions on a buffer, for each workgroup. */
export const atomics =
  (name: string): Measure =>
  (counts) => {
    const own = ofBuffers(counts, [name]).filter(({ kind }) => kind === "atomic");
    return sum(own, (one) => one.asked / one.bytes) / counts.workgroups;
  };

/** The most words of one bank that a request to workgroup memory needs. */
export const ways: Measure = ({ accesses }) => accesses.reduce((most, one) => Math.max(most, one.ways), 0);

/** Barriers of a workgroup. */
export const barriers: Measure = ({ barriers: { workgroup, storage }, workgroups }) =>
  (workgroup + storage) / workgroups;

/** How often lanes of one subgroup take different branches, in a workgroup. */
export const parted: Measure = ({ parted: places, workgroups }) =>
  [...places.values()].reduce((total, count) => total + count, 0) / workgroups;

/** Accesses of workgroup memory by threads. */
export const shared: Measure = ({ accesses }) =>
  sum(
    accesses.filter(({ variable: { space } }) => space === "workgroup"),
    (one) => one.asked / one.bytes,
  );
