import { integer, object, recordOf, required } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Training } from "./programs.ts";

/** Tensors of a trainer's state, as read, by name. */
export type State = Readonly<Record<string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>>;

/** Numbers of a trainer's state. */
export interface Counters {
  /** Steps so far. */
  readonly step: number;
}

/** The checks of {@link State} and {@link Counters}. */
export const stateCheck = recordOf((value) =>
  value instanceof Float32Array || value instanceof Uint32Array ? undefined : "a Float32Array or a Uint32Array",
);
export const countersCheck = object<Counters>({ step: required(integer(0)) });

/** A trainer's state other than the weights, by name. */
export function stateOf({ groups, averages, skipped }: Training): Readonly<Record<string, Tensor>> {
  const kept = groups.flatMap(({ optimizer, members }) =>
    members.flatMap(({ name, state }) =>
      Object.entries(state).map(([key, tensor]) => [`${optimizer.name}.${key}.${name}`, tensor] as const),
    ),
  );
  const means = (averages?.parameters ?? []).map(({ name, tensor }) => [`ema.${name}`, tensor] as const);
  return Object.fromEntries([...kept, ...means, ["skipped", skipped]]);
}

/** Writes a state. Throws `OptionError` for a tensor that is missing or of another size, before writing any. */
export async function restoreState(training: Training, state: State): Promise<void> {
  const tensors = Object.entries(stateOf(training));
  const writes = tensors.map(([name, tensor]) => {
    const numbers = state[name];
    if (!numbers) throw new OptionError(`train: the state has no ${name}, which this trainer needs`);
    const isType = tensor.dtype === "u32" ? numbers instanceof Uint32Array : numbers instanceof Float32Array;
    if (!isType || numbers.length !== tensor.size) {
      const is = `the state's ${name} is ${numbers.constructor.name} of ${numbers.length}`;
      throw new OptionError(`train: ${is}, expected ${tensor.size} numbers of ${tensor.dtype}`);
    }
    return () => writeTensor(tensor, numbers);
  });
  await Promise.all(writes.map((write) => write()));
}

/** Writes numbers of four bytes into a contiguous tensor, in one segment or several. */
export async function writeTensor(
  { gpu, segments, offset, shape, size }: Tensor,
  numbers: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
): Promise<void> {
  const row = size / Math.max(1, shape[0] ?? 1);
  const bytes = (begin: number, end: number) =>
    new Uint8Array(numbers.buffer, numbers.byteOffset + 4 * begin, 4 * (end - begin));
  for (const { storage, begin, end } of segments) {
    const part = segments.length === 1 ? bytes(0, size) : bytes(begin * row, end * row);
    await gpu.write(storage, 4 * offset, part);
  }
}
