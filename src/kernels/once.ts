// What a recording has computed already.
import type { Binding, Dispatch } from "../gpu/dispatch.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Operation } from "../gpu/recording.ts";

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

/** All that decides what a kernel writes into memory of its own. */
const inputsOf = (dispatch: Dispatch) =>
  JSON.stringify([
    dispatch.workgroups,
    dispatch.uniforms.map(({ name, bytes }) => [name, [...bytes]]),
    reads(dispatch).map(({ name, storage, offset, bytes }) => [name, storage.id, offset, bytes]),
  ]);

const isSame = (a: Dispatch, b: Dispatch) => a.shader.code === b.shader.code && inputsOf(a) === inputsOf(b);

/**
 * What `make` gives, which is called for one kernel that writes new memory and reads no memory that it writes. In a
 * recording that has this kernel already, with the same uniforms and the same ranges of memory, none of which anything has
 * written since, it is the earlier result, whose memory must not be written. Outside of one it is always made.
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
