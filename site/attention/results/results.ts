import { computed, signal } from "@preact/signals";
import type { BenchResult, BenchRow, Environment, Peaks } from "../../../bench/result.ts";
import { device } from "../../shell/device/device.ts";
import { hasGradients } from "../setup/setup.ts";
import { setup } from "../state.ts";
import { gradientOp } from "./gradients.ts";
import { recorded, recordedGradients } from "./recorded.ts";

/** A result shown by the page, from this device now or another one earlier. */
export interface Shown {
  readonly origin: "recorded" | "live" | "file";
  /** Unknown until a run has begun. */
  readonly environment: Environment | undefined;
  readonly peaks: Peaks | null;
  readonly rows: readonly BenchRow[];
  /** Rows measured while the page was hidden, by id: browsers slow hidden pages down. */
  readonly hidden: ReadonlySet<string>;
}

const of = (origin: Shown["origin"], { environment, peaks, rows }: BenchResult): Shown => ({
  origin,
  environment,
  peaks,
  rows: rows.filter(({ op }) => op === "attention" || op === gradientOp),
  hidden: new Set(),
});

const [recordedForward, recordedBackward] = [of("recorded", recorded), of("recorded", recordedGradients)];
/** The rows of a run or of a file; undefined until there are some. */
const own = signal<Shown | undefined>(undefined);
/** The shown result: these rows, or before there are any, the recorded run of the chosen pass. */
export const shown = computed<Shown>(
  () => own.value ?? (hasGradients(setup.value) ? recordedBackward : recordedForward),
);
/** Shows a result. */
export const show = (result: Shown): void => {
  own.value = result;
};
/** A second result to compare with, drawn dashed. */
export const compared = signal<Shown | undefined>(undefined);
/** True if a lazily fetched part of the page could not be fetched. */
export const offline = signal(false);

/** Peaks of a device, measured in the first run on it since the page was opened. */
export const peaksOfDevice = signal<{ readonly adapter: string; readonly peaks: Peaks } | undefined>(undefined);
/** The peaks of the open device; undefined before they are measured. */
export const knownPeaks = computed<Peaks | undefined>(() => {
  const label = device.value.kind === "ready" ? device.value.facts.label : undefined;
  return peaksOfDevice.value?.adapter === label ? peaksOfDevice.value?.peaks : undefined;
});

/** Shows the recorded run again. */
export const showRecorded = (): void => {
  own.value = undefined;
};

/** The origin of a result, in a few words. */
export const nameOf = ({ origin, environment }: Shown): string =>
  `${{ recorded: "recorded run", live: "this run", file: "file" }[origin]}, ${environment?.adapter ?? "this device"}`;

/** Shows the result in a file. Throws for any other file. */
export async function load(file: Blob): Promise<void> {
  if (file.size > 2 ** 25) throw new RangeError(`the file has ${file.size} bytes, a result has 32 MiB at most`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(await file.text());
  } catch (error) {
    throw new TypeError(`the file is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const result = parsed as Partial<BenchResult> | null;
  const isRow = (row: unknown) =>
    typeof row === "object" &&
    row !== null &&
    ["id", "op", "variant", "batch", "verdict"].every((key) => typeof Reflect.get(row, key) === "string");
  const { environment, peaks = null, rows } = result ?? {};
  if (!Array.isArray(rows) || !rows.every(isRow) || typeof environment?.adapter !== "string") {
    throw new TypeError("the file is not a result of a bench: expected environment, peaks and rows");
  }
  if (!Array.isArray(environment.features) || typeof environment.date !== "string") {
    throw new TypeError("the file's environment has no date or no features");
  }
  show(of("file", { environment, peaks, rows }));
}
