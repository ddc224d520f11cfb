// What a variant computes for a call: its results, and the memory of others that it writes, such as a cache's.
import { difference } from "../check/compare.ts";
import type { Gpu, Instance, Program } from "../gpu/gpu.ts";
import type { Dispatch } from "../gpu/program/dispatch.ts";
import type { Replacement } from "../gpu/program/program.ts";
import type { Storage } from "../gpu/storage.ts";
import type { OpCall } from "../kernels/define/preference.ts";
import { isPlain } from "../tensor/formats/formats.ts";
import { placed, Tensor } from "../tensor/tensor.ts";

/** A recorded variant on memory. */
export interface Candidate {
  readonly name: string;
  readonly program: Program<readonly object[]>;
  readonly instance: Instance<readonly object[]>;
}

/** Numbers by name, and whether they are rounded to a type shorter than f32. */
export type Results = ReadonlyMap<string, { readonly values: Float64Array; readonly rounded: boolean }>;

/** The cap for results that are rounded to half the bits, after arithmetic that differs in the last bits. */
const roundedCap = 1e-5;

const numbersOf = async (instance: Instance<unknown>, tensor: Tensor) => ({
  values: await placed(instance, tensor).read(),
  rounded: tensor.dtype === "f16" || tensor.dtype === "bf16",
});

/** The storages that a dispatch writes. */
export const writtenBy = ({ bindings }: Dispatch): Storage[] =>
  bindings.flatMap(({ access, storage }) => (access === "read_write" ? [storage] : []));

/** Memory that a call writes in place, with what it held before. */
export type Before = Map<
  Storage,
  { readonly real: Storage; readonly offset: number; readonly bytes: Uint8Array<ArrayBuffer> }
>;

/**
 * Runs a candidate once and reads what it computes for the first of its calls. Memory that it writes in place is
 * cleared before, so that values left by another variant do not count; `before` keeps what it held.
 */
export async function resultsOf(
  gpu: Gpu,
  { program, instance }: Candidate,
  call: OpCall,
  memory: ReadonlyMap<Storage, Replacement>,
  before: Before,
): Promise<Results> {
  const inPlace = new Set(
    program.dispatches.flatMap(writtenBy).filter((storage) => program.externals.includes(storage)),
  );
  for (const storage of inPlace) {
    if (before.has(storage)) continue;
    const { storage: real, offset, bytes = storage.bytes } = memory.get(storage) ?? { storage, offset: 0 };
    before.set(storage, { real, offset, bytes: new Uint8Array(await gpu.read(real, offset, bytes)) });
  }
  for (const { real, offset, bytes } of before.values()) await gpu.write(real, offset, new Uint8Array(bytes.length));
  instance.run();
  const found = new Map<string, Awaited<ReturnType<typeof numbersOf>>>();
  for (const [name, value] of Object.entries(program.result[0] ?? {})) {
    if (value instanceof Tensor) found.set(`its result ${name}`, await numbersOf(instance, value));
  }
  for (const [name, value] of Object.entries(call.tensors)) {
    if (!(value instanceof Tensor) || !value.storages.some((storage) => before.has(storage))) continue;
    if (isPlain(value.dtype)) found.set(`${name}, which it writes,`, await numbersOf(instance, value));
  }
  return found;
}

/** Writes back what memory held that calls have written in place. */
export async function restore(gpu: Gpu, before: Before): Promise<void> {
  for (const { real, offset, bytes } of before.values()) await gpu.write(real, offset, bytes);
}

/**
 * How results differ from what they should be; undefined where they do not. Variants may return more or fewer of them.
 */
export function differs(results: Results, truth: Results, cap: number): string | undefined {
  const shared = [...truth].flatMap(([name, expected]) => {
    const actual = results.get(name);
    return actual ? [{ name, expected, actual }] : [];
  });
  if (shared.length === 0) return "it has no result in common with the plainest variant";
  for (const { name, expected, actual } of shared) {
    const { nmse, misplaced } = difference(actual.values, expected.values);
    if (misplaced >= 0) return `${name} has a NaN or an infinity in the wrong place`;
    const most = expected.rounded ? Math.max(cap, roundedCap) : cap;
    if (nmse > most) return `${name} differs by an NMSE of ${nmse.toExponential(1)}, expected at most ${most}`;
  }
  return undefined;
}
