import type { Gpu } from "../../gpu/gpu.ts";
import type { Call, CallHeading } from "../../gpu/program/dispatch.ts";
import type { Operation, RecordedCalls } from "../../gpu/program/recording.ts";
import type { Storage } from "../../gpu/storage.ts";
import { callback, checkOptions, checkValue, fieldsOf } from "../../options/checks.ts";
import { GradientError } from "./rule.ts";
import { boundBy, writtenBy } from "./trace.ts";

/** What a part of the forward pass keeps for its gradients. */
export interface CheckpointOptions {
  /** True for calls whose results stay in memory and are not recomputed; default none. */
  readonly keep?: ((call: Call) => boolean) | undefined;
}

/** A part of a recording to record again before its gradients. */
interface Range {
  readonly calls: readonly Call[];
  readonly fn: () => unknown;
  readonly isKept: (call: Call) => boolean;
}

const ranges = new WeakMap<RecordedCalls, Range[]>();
const inside = new WeakSet<RecordedCalls>();
const fields = fieldsOf<CheckpointOptions>({ keep: callback });
const nothing = () => false;

/**
 * Runs `fn` as a part of a recording whose values are not kept for its gradients: `gradients` records it again just
 * before it needs them (Chen et al. 2016, section 4). So only its inputs and its result stay in memory, at the cost of
 * a second forward pass without the parts that no gradient reads. `fn` must record the same calls each time; gradients
 * are bitwise equal to those without. Nested uses belong to the outer one. Outside `record` it just calls `fn`.
 */
export function checkpoint<T>(gpu: Gpu, fn: () => T, options: CheckpointOptions = {}): T {
  checkValue("checkpoint", "fn", callback, fn);
  checkOptions("checkpoint", fields, options);
  const { recorded } = gpu;
  if (!recorded || inside.has(recorded)) return fn();
  const begin = recorded.calls.length;
  inside.add(recorded);
  try {
    const result = fn();
    const list = ranges.get(recorded) ?? [];
    list.push({ calls: recorded.calls.slice(begin), fn, isKept: options.keep ?? nothing });
    ranges.set(recorded, list);
    return result;
  } finally {
    inside.delete(recorded);
  }
}

/** The calls that replace those of a recording when their gradients are computed. */
export class Recomputed {
  readonly #recorded: RecordedCalls;
  readonly #ranges = new Map<Call, Range>();
  readonly #again = new Map<Call, Call>();

  constructor(recorded: RecordedCalls) {
    this.#recorded = recorded;
    for (const range of ranges.get(recorded) ?? []) for (const call of range.calls) this.#ranges.set(call, range);
  }

  /**
   * The call whose values a gradient reads: itself, or its recomputation, which is recorded now. Throws `GradientError`
   * for a function that records other calls than before.
   */
  of(call: Call): Call {
    const range = this.#ranges.get(call);
    if (!range) return call;
    if (!this.#again.has(call)) this.#repeat(range);
    return this.#again.get(call) as Call;
  }

  #repeat({ calls, fn, isKept }: Range): void {
    const again = this.#again;
    let next = 0;
    const earlierFor = (heading: CallHeading): Call => {
      const earlier = calls[next++];
      if (earlier?.op === heading.op && earlier.variant === heading.variant) return earlier;
      throw otherCalls(heading, earlier);
    };
    inside.add(this.#recorded);
    this.#recorded.repeat = {
      known: (heading) => {
        const earlier = calls[next];
        if (!earlier || !isKept(earlier)) return undefined;
        const known = { ...earlierFor(heading), ...heading }; // its inputs may have been recomputed
        again.set(earlier, known);
        return known;
      },
      made: (call) => {
        call.again = earlierFor(call);
        again.set(call.again, call);
      },
    };
    try {
      fn();
    } finally {
      this.#recorded.repeat = undefined;
      inside.delete(this.#recorded);
    }
    if (next < calls.length) throw otherCalls(undefined, calls[next]);
  }

  /** Removes recomputed calls that neither a later call nor these storages read. */
  dropUnread(results: Iterable<Storage>): void {
    const { calls, operations, temporaries } = this.#recorded;
    const copied = operations.flatMap((operation) => (operation.kind === "copy" ? [operation.copy.from] : []));
    const read = new Set([...results, ...copied]);
    const dropped = new Set<Call>();
    for (const call of calls.toReversed()) {
      const isRead = [...writtenBy(call)].some((storage) => read.has(storage) || !temporaries.has(storage));
      if (call.again && !isRead) dropped.add(call);
      else for (const storage of boundBy(call)) read.add(storage);
    }
    if (dropped.size === 0) return;
    const gone = new Set([...dropped].flatMap(({ dispatches }) => dispatches));
    const isLeft = (one: Operation) => one.kind === "copy" || !gone.has(one.dispatch);
    operations.splice(0, operations.length, ...operations.filter(isLeft));
    calls.splice(0, calls.length, ...calls.filter((call) => !dropped.has(call)));
  }
}

const nameOf = (call: CallHeading | undefined) => (call ? `${call.op}/${call.variant}` : "no call");

const otherCalls = (call: CallHeading | undefined, earlier: Call | undefined) =>
  new GradientError(
    `checkpoint: a function recorded again has ${nameOf(call)}, expected ${nameOf(earlier)} as the first time`,
  );
