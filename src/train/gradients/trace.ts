// Recorded calls for differentiation: their input and output tensors.
import type { Call } from "../../gpu/program/dispatch.ts";
import type { Storage } from "../../gpu/storage.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Region } from "./regions.ts";

/** A recorded call with its tensors by name. */
export interface Traced {
  readonly call: Call;
  /** Its inputs, those within its options included. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly results: ReadonlyMap<string, Tensor>;
}

const depth = 4;

/** Every tensor of a value, by its path; `into` and values other than plain records and lists are left out. */
function collect(value: unknown, path: string, found: Map<string, Tensor>, level = 0): Map<string, Tensor> {
  if (value instanceof Tensor) return found.set(path, value);
  if (typeof value !== "object" || value === null || level > depth) return found;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null && !Array.isArray(value)) return found;
  for (const [key, item] of Object.entries(value)) {
    if (key !== "into") collect(item, path === "" ? key : `${path}.${key}`, found, level + 1);
  }
  return found;
}

/** A result that is one tensor is called y. */
const named = (result: unknown) => (result instanceof Tensor ? { y: result } : result);

/** A call with its tensors. One without an op has its dispatches' bindings. */
export function traced(call: Call): Traced {
  const inputs = collect(call.options, "", collect(call.tensors, "", new Map()));
  return { call, inputs, results: collect(named(call.result), "", new Map()) };
}

/** The results of a call, as passed to its rule. */
export const resultOf = (call: Call): object => (named(call.result) ?? {}) as object;

/** The storages that a call's dispatches write. */
export const writtenBy = ({ dispatches }: Call): Set<Storage> =>
  new Set(
    dispatches.flatMap(({ bindings }) =>
      bindings.flatMap(({ access, storage }) => (access === "read_write" ? [storage] : [])),
    ),
  );

/** The storages that a call's dispatches read or write. */
export const boundBy = ({ dispatches }: Call): Set<Storage> =>
  new Set(dispatches.flatMap(({ bindings }) => bindings.map(({ storage }) => storage)));

/** One piece of a tensor, in one storage. */
export interface Piece {
  readonly storage: Storage;
  readonly region: Region;
}

/** The pieces of a tensor: itself, or the rows of each of its segments. */
export function piecesOf(x: Tensor): Piece[] {
  const [only, ...others] = x.segments;
  if (only && others.length === 0) return [{ storage: only.storage, region: x }];
  return x.segments.map(({ storage, begin, end }) => ({
    storage,
    region: { shape: x.shape.with(0, end - begin), strides: x.strides, offset: x.offset },
  }));
}
