// The measurements of one device, as they are stored. Stored texts are checked like any input from outside.

import type { Limits } from "../gpu/device/limits.ts";
import type { Gpu } from "../gpu/gpu.ts";
import {
  atLeast,
  checkOptions,
  fieldsOf,
  listOf,
  nonEmpty,
  object,
  oneOf,
  recordOf,
  required,
  text,
} from "../options/checks.ts";
import { textHash } from "./kernel-texts.ts";

/** What identifies a device: its adapter, and the features and limits in use. */
interface TunedDevice {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly features: readonly string[];
  readonly limits: Limits;
}

/** A variant of a call: how long it took, or why it did not count. */
export interface TunedVariant {
  readonly name: string;
  /** Milliseconds, median. */
  readonly ms?: number | undefined;
  /** Why its time does not count. */
  readonly reason?: string | undefined;
}

/** The measurement of one op, class of shapes and format. */
export interface TunedRow {
  /** See `keyOf`. */
  readonly key: string;
  /** The variant to use: the fastest, or the table's where none is faster beyond noise. */
  readonly choice: string;
  /** The table's choice. */
  readonly untuned: string;
  readonly variants: readonly TunedVariant[];
  /** Hashes of the kernels, by name and parts. */
  readonly texts: Readonly<Record<string, string>>;
  /** When it was measured, as ISO 8601. */
  readonly measured: string;
}

/** All measurements of a device. */
interface TuningRecord {
  readonly format: typeof format;
  readonly device: TunedDevice;
  readonly rows: readonly TunedRow[];
}

const format = "shaderformer tuning 1";

/** The identity of a device. */
export function tunedDevice({ adapter, features, limits }: Pick<Gpu, "adapter" | "features" | "limits">): TunedDevice {
  const { vendor, architecture, device, description } = adapter;
  return { vendor, architecture, device, description, features: [...features].sort(), limits: { ...limits } };
}

/** The name under which a device's record is stored. */
export const nameOf = (device: TunedDevice): string => textHash(JSON.stringify(device));

/** A record of measurements, those of `rows` in place of earlier ones with the same key. */
export function tuningRecord(
  device: TunedDevice,
  rows: readonly TunedRow[],
  earlier: readonly TunedRow[] = [],
): TuningRecord {
  const keys = new Set(rows.map(({ key }) => key));
  return { format, device, rows: [...earlier.filter(({ key }) => !keys.has(key)), ...rows] };
}

const limit = required(atLeast(1));
const limits = object<Limits>({
  binding: limit,
  buffer: limit,
  workgroupBytes: limit,
  invocations: limit,
  storageBuffers: limit,
  workgroups: limit,
});
const device = object<TunedDevice>({
  vendor: required(text),
  architecture: required(text),
  device: required(text),
  description: required(text),
  features: required(listOf(text)),
  limits: required(limits),
});
const isDate = (value: unknown) =>
  typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value))
    ? undefined
    : "a time as ISO 8601";
const row = object<TunedRow>({
  key: required(nonEmpty),
  choice: required(nonEmpty),
  untuned: required(nonEmpty),
  variants: required(listOf(object<TunedVariant>({ name: required(nonEmpty), ms: atLeast(0), reason: text }))),
  texts: required(recordOf(text)),
  measured: required(isDate),
});
const fields = fieldsOf<TuningRecord>({
  format: required(oneOf(format)),
  device: required(device),
  rows: required(listOf(row)),
});

/** Reads a stored text of any device. Throws an `Error` that says what is wrong with it. */
export function readTuning(stored: string): TuningRecord {
  const value: unknown = JSON.parse(stored);
  checkOptions("stored tuning", fields, value);
  return value as TuningRecord;
}

/** Reads a stored text, which must be of this device. Throws an `Error` that says what is wrong with it. */
export function parseTuning(stored: string, expected: TunedDevice): TuningRecord {
  const record = readTuning(stored);
  if (JSON.stringify(tunedDeviceOf(record.device)) !== JSON.stringify(expected)) {
    throw new Error(`stored tuning: it is of another device, ${record.device.description || record.device.vendor}`);
  }
  return record;
}

/** The fields of a device in the order in which `tunedDevice` writes them. */
function tunedDeviceOf({
  vendor,
  architecture,
  device,
  description,
  features,
  limits: given,
}: TunedDevice): TunedDevice {
  const { binding, buffer, workgroupBytes, invocations, storageBuffers, workgroups } = given;
  return {
    vendor,
    architecture,
    device,
    description,
    features,
    limits: { binding, buffer, workgroupBytes, invocations, storageBuffers, workgroups },
  };
}
