import { signal } from "@preact/signals";
import type { BenchResult, BenchRow, Environment, Peaks } from "../../bench/result.ts";
import { say } from "../site/status.ts";
import type { BenchReport, BenchRequest } from "./bench-worker.ts";
import type { OwnFunction } from "./own-function.ts";
import type { Setup } from "./setup.ts";

/** How far a run is. */
export interface RunState {
  readonly kind: "idle" | "running" | "stopping" | "done" | "stopped" | "failed";
  readonly what: string;
  readonly done: number;
  readonly total: number;
  readonly message: string;
}

const idle: RunState = { kind: "idle", what: "", done: 0, total: 0, message: "" };
export const run = signal<RunState>(idle);
/** What has been measured: rows of this run, or of a file that was loaded. */
export const rows = signal<readonly BenchRow[]>([]);
export const peaks = signal<Peaks | null>(null);
export const environment = signal<Environment | undefined>(undefined);
/** True if the page was hidden while it measured, which browsers slow down for. */
export const wasHidden = signal(false);

let worker: Worker | undefined;

const send = (request: BenchRequest) => worker?.postMessage(request);

/** Measures a set-up; rows come as they are ready. */
export function start(setup: Setup, own: OwnFunction | undefined): void {
  if (run.value.kind === "running" || run.value.kind === "stopping") return;
  rows.value = [];
  wasHidden.value = document.hidden;
  run.value = { ...idle, kind: "running", what: "opening the GPU" };
  say("Measuring");
  if (!worker) {
    worker = new Worker(new URL("./bench-worker.ts", import.meta.url), { type: "module", name: "bench" });
    worker.addEventListener("message", ({ data }: MessageEvent<BenchReport>) => take(data));
    worker.addEventListener("error", ({ message }) => {
      take({ kind: "failed", message: message || "the worker that measures could not be started" });
      worker?.terminate();
      worker = undefined;
    });
  }
  send({ kind: "run", setup, own });
}

/** Stops after the interval that runs now; what was measured stays. */
export function stop(): void {
  if (run.value.kind !== "running") return;
  run.value = { ...run.value, kind: "stopping" };
  send({ kind: "stop" });
}

function take(report: BenchReport): void {
  switch (report.kind) {
    case "row":
      rows.value = [...rows.value, report.row];
      return;
    case "progress":
      run.value = { ...run.value, what: report.what, done: report.done, total: report.total };
      return;
    case "done":
      show(report.result);
      run.value = { ...run.value, kind: "done" };
      say(`Done: ${report.result.rows.length} measurements`);
      return;
    case "stopped":
      run.value = { ...run.value, kind: "stopped" };
      say(`Stopped with ${rows.value.length} measurements`);
      return;
    case "failed":
      run.value = { ...run.value, kind: "failed", message: report.message };
  }
}

/** Shows a result, measured here or read from a file. */
export function show(result: BenchResult): void {
  rows.value = result.rows;
  peaks.value = result.peaks;
  environment.value = result.environment;
}

/** Shows the result in a file. Throws for one that is none. */
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
    typeof row === "object" && row !== null && ["id", "variant", "batch", "verdict"].every((key) => key in row);
  if (!result || !Array.isArray(result.rows) || !result.rows.every(isRow) || !result.environment) {
    throw new TypeError("the file is no result of a bench: expected environment, peaks and rows");
  }
  show({ environment: result.environment, peaks: result.peaks ?? null, rows: result.rows });
  run.value = { ...idle, kind: "done" };
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden && run.value.kind === "running") wasHidden.value = true;
});
