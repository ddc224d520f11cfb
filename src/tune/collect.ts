// The calls that a function makes, those within other ops too, and the memory that they need outside of a program.
import { normal } from "../check/random.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Replacement } from "../gpu/program/program.ts";
import type { Storage } from "../gpu/storage.ts";
import { type OpCall, withPreference } from "../kernels/define/preference.ts";
import { Tensor } from "../tensor/tensor.ts";
import { keyOf } from "./call-key.ts";
import { acceptedBy } from "./kernel-texts.ts";
import { filled, type Subject } from "./measure-call.ts";

/** Calls of one key, without memory yet. */
export interface Collected {
  readonly key: string;
  readonly calls: readonly OpCall[];
  readonly count: number;
  /** 0 for calls of the function; more for those that a variant of one makes. */
  readonly depth: number;
}

/**
 * Runs `fn`, without measurements in use; gives its result and the calls of ops that have several variants, of each key
 * at most `maxCalls`.
 */
export function collect<T>(
  gpu: Gpu,
  fn: () => T,
  maxCalls = 1,
): { readonly result: T; readonly collected: readonly Collected[] } {
  const calls: OpCall[] = [];
  const result = watched(gpu, calls, fn);
  const outer = grouped(calls, 0, maxCalls);
  const inner = outer.flatMap(({ calls, depth }) => innerCalls(gpu, calls, depth + 1));
  const known = new Set(outer.map(({ key }) => key));
  return { result, collected: [...outer, ...inner.filter(({ key }) => !known.has(key) && known.add(key))] };
}

const watched = <T>(gpu: Gpu, calls: OpCall[], fn: () => T): T =>
  withPreference(
    gpu,
    (call) => {
      calls.push(call);
      return undefined;
    },
    fn,
  );

/** The calls that the variants of calls make. */
function innerCalls(gpu: Gpu, calls: readonly OpCall[], depth: number): Collected[] {
  const inner: OpCall[] = [];
  for (const call of calls) {
    const { op, tensors, options } = call;
    for (const variant of acceptedBy(gpu, call)) {
      watched(gpu, inner, () => gpu.sketch(() => void op.variants[variant]?.record(gpu, tensors, options)));
    }
  }
  return grouped(inner, depth, calls.length);
}

function grouped(calls: readonly OpCall[], depth: number, maxCalls: number): Collected[] {
  const byKey = new Map<string, OpCall[]>();
  for (const call of calls) {
    if (call.wanted !== undefined || Object.keys(call.op.variants).length < 2) continue;
    const key = keyOf(call);
    byKey.set(key, [...(byKey.get(key) ?? []), call]);
  }
  return [...byKey].map(([key, all]) => ({ key, calls: spread(all, maxCalls), count: all.length, depth }));
}

/**
 * Some of a list, evenly. All have the shapes of the first: a class has several, and only equal ones share a program.
 */
function spread(calls: readonly OpCall[], maxCalls: number): OpCall[] {
  const same = calls.filter((call) => shapesOf(call) === shapesOf(calls[0] as OpCall));
  const step = Math.max(1, same.length / maxCalls);
  return Array.from({ length: Math.min(maxCalls, same.length) }, (_, i) => same[Math.floor(i * step)] as OpCall);
}

const shapesOf = ({ tensors }: OpCall): string =>
  Object.entries(tensors)
    .map(([name, value]) => `${name} ${value instanceof Tensor ? value.shape.join("x") : ""}`)
    .join(" ");

/** Every tensor passed to a call, in its options too. */
function tensorsOf(value: unknown, depth = 0): Tensor[] {
  if (value instanceof Tensor) return [value];
  if (typeof value !== "object" || value === null || depth > 4) return [];
  return Object.values(value).flatMap((item) => tensorsOf(item, depth + 1));
}

/** The storages without memory that calls read. */
export function logicalStorages(collected: readonly Collected[]): Set<Storage> {
  const all = collected.flatMap(({ calls }) =>
    calls.flatMap(({ tensors, options }) => tensorsOf({ tensors, options }).flatMap(({ storages }) => storages)),
  );
  return new Set(all.filter(({ buffer }) => !buffer));
}

/**
 * Subjects to measure. `memory` has the known contents of storages; without them floats are random, and other storages
 * zeros. Memory that is made here is added to `made`.
 */
export function subjectsOf(
  gpu: Gpu,
  collected: readonly Collected[],
  memory: Map<Storage, Replacement>,
  made: Storage[],
): Subject[] {
  for (const { calls } of collected) {
    for (const tensor of calls.flatMap(({ tensors }) => tensorsOf(tensors))) {
      const [storage] = tensor.storages;
      if (tensor.dtype !== "f32" || !storage || storage.buffer || memory.has(storage)) continue;
      const replacement = filled(gpu, storage, Float32Array.from(normal(storage.bytes / 4, storage.id)).buffer);
      memory.set(storage, replacement);
      made.push(replacement.storage);
    }
  }
  return collected.map(({ key, calls, count }) => ({ key, calls, count, memory }));
}
