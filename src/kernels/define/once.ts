// Results that a recording has already computed.

import type { Gpu } from "../../gpu/gpu.ts";
import type { Binding, Dispatch } from "../../gpu/program/dispatch.ts";
import type { Operation } from "../../gpu/program/recording.ts";

/** Results by the dispatch that computes them. */
const made = new WeakMap<Dispatch, unknown>();

type Range = Pick<Binding, "storage" | "offset" | "bytes">;

const reads = ({ bindings }: Dispatch) => bindings.filter(({ access }) => access === "read");

/** The ranges of memory that an operation writes. */
function writes(operation: Operation): readonly Range[] {
  if (operation.kind === "dispatch") return operation.dispatch.bindings.filter(({ access }) => access !== "read");
  const { to, toOffset, bytes } = operation.copy;
  return [{ storage: to, offset: toOffset, bytes }];
}

const meet = (a: Range, b: Range) =>
  a.storage === b.storage && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;

/** Everything that determines what a kernel writes into new memory. */
const inputsOf = (dispatch: Dispatch) =>
  JSON.stringify([
    dispatch.workgroups,
    dispatch.uniforms.map(({ name, bytes }) => [name, [...bytes]]),
    reads(dispatch).map(({ name, storage, offset, bytes }) => [name, storage.id, offset, bytes]),
  ]);

const isSame = (a: Dispatch, b: Dispatch) => a.shader.code === b.shader.code && inputsOf(a) === inputsOf(b);

/**
 * The result of `make`, which calls one kernel that writes new memory and reads none of what it writes. If the
 * recording already has this kernel with the same uniforms and the same ranges of memory, and nothing has written to
 * these since, it is the earlier result, whose memory must not be written. Outside of a recording `make` is always
 * called.
 */
export function madeOnce<T>(gpu: Gpu, make: () => T): T {
  const { recorded } = gpu;
  if (!recorded) return make();
  const [only, ...others] = gpu.sketch(make);
  if (only?.kind !== "dispatch" || others.length > 0) return make();
  const inputs = reads(only.dispatch);
  for (const operation of recorded.operations.toReversed()) {
    if (operation.kind === "dispatch" && made.has(operation.dispatch) && isSame(operation.dispatch, only.dispatch)) {
      return made.get(operation.dispatch) as T;
    }
    if (writes(operation).some((range) => inputs.some((input) => meet(range, input)))) break;
  }
  const result = make();
  const last = recorded.operations.at(-1);
  if (last?.kind === "dispatch") made.set(last.dispatch, result);
  return result;
}
