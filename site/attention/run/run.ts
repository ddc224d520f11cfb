import { signal } from "@preact/signals";
import { device, losses, reopen } from "../../shell/device/device.ts";
import { counted } from "../../shell/format.ts";
import { sim } from "../../shell/sim.ts";
import { say } from "../../shell/status.ts";
import { keep, kept } from "../../shell/store.ts";
import { knownPeaks, peaksOfDevice, type Shown, show } from "../results/results.ts";
import { handmade, setup } from "../state.ts";
import { endWorker, listen, openDevice, send } from "../worker/client.ts";
import type { BenchReport } from "../worker/protocol.ts";
import { estimate, learnPace } from "./estimate.ts";

/** The progress of a run. */
export interface RunState {
  readonly kind: "idle" | "running" | "done" | "stopped" | "failed";
  /** The bench's current activity, in its words. */
  readonly what: string;
  /** True while it waits until the page is visible. */
  readonly waiting: boolean;
  /** Finished cases, and their total. */
  readonly done: number;
  readonly total: number;
  readonly message: string;
  /** `performance.now()` when it began, and its estimated seconds; 0 where that is unknown. */
  readonly startedAt: number;
  readonly seconds: number;
}

const idle: RunState = {
  kind: "idle",
  what: "",
  waiting: false,
  done: 0,
  total: 0,
  message: "",
  startedAt: 0,
  seconds: 0,
};
export const run = signal<RunState>(idle);
/** What the page was measuring when the browser closed it; undefined after a regular end. */
export const killedAt = signal<string | undefined>(undefined);
/** True if another tab of this page is measuring, so that this one did not start. */
export const refused = signal(false);

/** One run at a time in all tabs of the browser: two would disturb each other. */
const lockName = "shaderformer-measuring";
/** Milliseconds for the measuring thread to stop by itself; then it is ended, with its device. */
const patience = 1000;

let rowsOfRun: Shown | undefined;
let release: (() => void) | undefined;
/** Whether the page was hidden at any time during the current case. */
let wasHidden = false;

let stopping: ReturnType<typeof setTimeout> | undefined;

export const isBusy = (): boolean => run.value.kind === "running";

/** Measures the set-up; rows arrive as they are ready. `always`: even if another tab is measuring. */
export async function start({ always = false } = {}): Promise<void> {
  if (isBusy()) return;
  const { seconds } = estimate.value;
  run.value = { ...idle, kind: "running", what: "opening the GPU", startedAt: performance.now(), seconds };
  refused.value = !(await takeLock()) && !always;
  if (refused.value) {
    run.value = idle;
    return;
  }
  stopped(true); // it may still be busy with the previous run
  wasHidden = document.hidden;
  killedAt.value = undefined;
  rowsOfRun = { origin: "live", environment: undefined, peaks: null, rows: [], hidden: new Set() };
  say("Measuring");
  keep("measuring", "the beginning of a run");
  send({ kind: "hidden", hidden: document.hidden }); // the thread may be a new one
  send({ kind: "run", sim, setup: setup.value, made: handmade.value, peaks: knownPeaks.value });
}

/** False if another tab has the lock; true if the browser has no locks. */
function takeLock(): Promise<boolean> {
  if (sim === "two-tabs") return Promise.resolve(false);
  const { locks } = navigator as { locks?: LockManager };
  if (!locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    void locks.request(lockName, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock ? new Promise<void>((done) => (release = done)) : undefined;
    });
  });
}

/** Stops, visibly at once; measurements so far stay. */
export function stop(): void {
  if (!isBusy()) return;
  end({ kind: "stopped" });
  say(`Stopped with ${counted(rowsOfRun?.rows.length ?? 0, "measurement")}`);
  send({ kind: "stop" });
  stopping = setTimeout(() => stopped(true), patience);
}

/** Called when the thread has stopped, or to end it because it takes too long. */
function stopped(late: boolean): void {
  if (stopping === undefined) return;
  clearTimeout(stopping);
  stopping = undefined;
  if (late) endWorker();
}

function end(change: Partial<RunState>): void {
  run.value = { ...run.value, ...change };
  release?.();
  release = undefined;
  keep("measuring", undefined);
}

/** Handles reports of the measuring thread. */
export function take(report: BenchReport): void {
  switch (report.kind) {
    case "opened":
      device.value = { kind: "ready", facts: report.facts };
      return;
    case "missing":
      device.value = { kind: "missing", missing: report.missing, detail: report.detail };
      if (isBusy()) end({ kind: "idle" });
      return;
    case "lost":
      takeLoss(report.detail);
      return;
    case "stopped":
      stopped(false);
      return;
    case "checked":
      return;
    default:
      if (isBusy()) takeProgress(report);
  }
}

type Progress = Extract<BenchReport, { kind: "start" | "row" | "progress" | "waiting" | "done" | "failed" }>;

function takeProgress(report: Progress): void {
  switch (report.kind) {
    case "start":
      if (report.peaks) peaksOfDevice.value = { adapter: report.environment.adapter, peaks: report.peaks };
      if (rowsOfRun) rowsOfRun = { ...rowsOfRun, environment: report.environment, peaks: report.peaks };
      return;
    case "row":
      if (!rowsOfRun) return;
      rowsOfRun = {
        ...rowsOfRun,
        rows: [...rowsOfRun.rows, report.row],
        hidden: wasHidden ? new Set([...rowsOfRun.hidden, report.row.id]) : rowsOfRun.hidden,
      };
      show(rowsOfRun);
      return;
    case "progress":
      if (run.value.done !== report.done) wasHidden = document.hidden;
      run.value = { ...run.value, what: report.what, done: report.done, total: report.total };
      keep("measuring", report.what);
      return;
    case "waiting":
      run.value = { ...run.value, waiting: document.hidden };
      return;
    case "done":
      learnPace(run.value.seconds, (performance.now() - run.value.startedAt) / 1000);
      end({ kind: "done" });
      say(`Done: ${counted(rowsOfRun?.rows.length ?? 0, "measurement")}`);
      return;
    case "failed":
      stopped(false);
      end(device.value.kind === "ready" ? { kind: "failed", message: report.message } : { kind: "idle" });
  }
}

/** A device lost while idle is reopened automatically, once. */
function takeLoss(detail: string): void {
  losses.value++;
  const wasBusy = isBusy();
  device.value = { kind: "lost", detail };
  if (wasBusy) end({ kind: "idle" });
  else if (losses.value === 1) openDevice();
}

/** A mark left by a run, although no tab of this page is measuring now. */
async function findKilled(): Promise<void> {
  const mark = kept("measuring");
  if (mark === undefined || !(await takeLock())) return;
  release?.();
  release = undefined;
  killedAt.value = mark;
  keep("measuring", undefined);
}

/** Starts listening, and opens the device. */
export function beginRuns(): void {
  listen(take);
  reopen.value = openDevice;
  void findKilled();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) wasHidden = true;
    else if (run.value.waiting) run.value = { ...run.value, waiting: false };
    send({ kind: "hidden", hidden: document.hidden });
  });
  addEventListener("pagehide", () => isBusy() && keep("measuring", undefined)); // the reader left; not a crash
  openDevice();
}
