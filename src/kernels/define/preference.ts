// Preferences that come before an op's own order of variants: choices measured on this device, and observers of calls.
import type { Gpu } from "../../gpu/gpu.ts";

/** An op as a preference sees it, with any tensors and options. */
interface AnyOp {
  readonly opName: string;
  readonly variants: Readonly<Record<string, AnyVariant>>;
  survey(gpu: Gpu, tensors: object, options: object): ReadonlyMap<string, string | undefined>;
  order(tensors: object, options: object, gpu: Gpu): readonly string[];
}

/** A row of an op's table. */
interface AnyVariant {
  record(gpu: Gpu, tensors: object, options: object): unknown;
}

/** A call of an op, before a variant is chosen. */
export interface OpCall {
  readonly op: AnyOp & ((gpu: Gpu, tensors: object, options: object) => object);
  readonly tensors: object;
  /** Without `variant`. */
  readonly options: object;
  /** The variant that the caller names. */
  readonly wanted: string | undefined;
}

/**
 * Called with every call of an op on a device. Returns the variants to try before those of the op's own order, where
 * the caller names none; a variant that does not exist or refuses the call is skipped.
 */
export type Preference = (call: OpCall) => readonly string[] | undefined;

const preferences = new WeakMap<Gpu, Preference>();

/** The preference of a device, where it has one. */
export const preferenceOf = (gpu: Gpu): Preference | undefined => preferences.get(gpu);

/** Sets the preference of a device, or removes it. */
export function setPreference(gpu: Gpu, preference: Preference | undefined): void {
  if (preference) preferences.set(gpu, preference);
  else preferences.delete(gpu);
}

/** Runs `fn` while the device has this preference, or none. */
export function withPreference<T>(gpu: Gpu, preference: Preference | undefined, fn: () => T): T {
  const before = preferences.get(gpu);
  setPreference(gpu, preference);
  try {
    return fn();
  } finally {
    setPreference(gpu, before);
  }
}
