import type { Call, CallHeading } from "../gpu/dispatch.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Operation, Recorded } from "../gpu/recording.ts";
import type { Storage } from "../gpu/storage.ts";
import { callback, checkOptions, checkValue, fieldsOf } from "../options/checks.ts";
import { GradientError } from "./errors.ts";
import { boundBy, writtenBy } from "./trace.ts";

/** What a part of the forward pass keeps until its gradients are computed. */
export interface CheckpointOptions {
  /** True for calls whose results are kept in memory and not computed again; default none. */
  readonly keep?: ((call: Call) => boolean) | undefined;
}

/** A part of a recording that is recorded again before its gradients. */
interface Range {
  readonly calls: readonly Call[];
  readonly fn: () => unknown;
  readonly isKept: (call: Call) => boolean;
}

const ranges = new WeakMap<Recorded, Range[]>();
const inside = new WeakSet<Recorded>();
const fields = fieldsOf<CheckpointOptions>({ keep: callback });
const nothing = () => false;

/**
 * Runs `fn` as a part of a recording whose values are not kept for its gradients: `gradients` records it again just before
 * it needs them (Chen et al. 2016, section 4). So memory is that of its inputs and its result, and the time that of a
 * second forward pass, less what no gradient reads. `fn` records the same calls each time; its gradients are equal in
 * every bit to those without. Within another it is part of that. Outside of `record` it is `fn` alone.
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

/** The calls that stand for those of a recording when their gradients are computed. */
export class Recomputed {
  readonly #recorded: Recorded;
  readonly #ranges = new Map<Call, Range>();
  readonly #again = new Map<Call, Call>();

  constructor(recorded: Recorded) {
    this.#recorded = recorded;
    for (const range of ranges.get(recorded) ?? []) for (const call of range.calls) this.#ranges.set(call, range);
  }

  /**
   * The call whose values a gradient reads: itself, or the one that computes it again, which is recorded now. Throws
   * `GradientError` for a function that records other calls than before.
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
        const known = { ...earlierFor(heading), ...heading }; // its inputs may have been computed again
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

  /** Takes off the list what was recorded again and is read neither by a later call nor through these storages. */
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
