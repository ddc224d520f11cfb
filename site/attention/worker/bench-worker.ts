// Owns the page's device and measures on it in a separate thread, so that the page stays responsive.
import { runBackwardBench } from "../../../bench/attention/backward/backward.ts";
import { type BenchEvents, runAttentionBench } from "../../../bench/attention/run.ts";
import { parseSubject } from "../../../bench/attention/subjects.ts";
import { clockFor, standardTiming } from "../../../bench/harness/timing.ts";
import type { Gpu } from "../../../src/index.ts";
import type { DeviceFacts } from "../../shell/device/device.ts";
import { openDevice } from "../../shell/device/open.ts";
import { checkOwn } from "../own/function.ts";
import { withRoom } from "../run/room.ts";
import { casesOf, gradientPlan, hasGradients } from "../setup/setup.ts";
import type { BenchReport, BenchRequest } from "./protocol.ts";

let opening: Promise<Gpu | undefined> | undefined;
let current: Gpu | undefined;
let facts: DeviceFacts | undefined;
let stop: AbortController | undefined;
let running: Promise<void> = Promise.resolve();

/** Whether the page is visible: browsers slow hidden pages down, so measurements wait. */
const visible = {
  isHidden: false,
  promise: Promise.resolve(),
  resolve: () => {},
  show() {
    visible.isHidden = false;
    visible.resolve();
  },
  hide() {
    visible.show(); // waiting measurements get the new promise at the next interval
    const { promise, resolve } = Promise.withResolvers<void>();
    Object.assign(visible, { isHidden: true, promise, resolve });
  },
  /** Resolves once the page is visible; awaited before an interval. */
  ready() {
    if (visible.isHidden) report({ kind: "waiting" });
    return visible.promise;
  },
};

type RunRequest = Extract<BenchRequest, { kind: "run" }>;
type CheckRequest = Extract<BenchRequest, { kind: "check" }>;

const report = (message: BenchReport) => postMessage(message);
const words = (error: unknown) => (error instanceof Error ? error.message : String(error));

addEventListener("message", ({ data }: MessageEvent<BenchRequest>) => {
  if (data.kind === "stop") {
    stop?.abort(new Error("stopped"));
    return visible.show();
  }
  if (data.kind === "hidden") return data.hidden ? visible.hide() : visible.show();
  if (data.kind === "open") return facts ? report({ kind: "opened", facts }) : void open(data.sim);
  // One at a time: concurrent work disturbs a measurement.
  running = running.then(() => (data.kind === "run" ? run(data) : check(data)));
});

/**
 * The device, opened at its first use and after a loss; the page then gets its description, or the reason why there is
 * none.
 */
function open(sim: string | undefined): Promise<Gpu | undefined> {
  opening ??= openDevice(sim).then((opened) => {
    if ("missing" in opened) {
      [opening, facts] = [undefined, undefined];
      report({ kind: "missing", missing: opened.missing, detail: opened.detail });
      return undefined;
    }
    const { gpu } = opened;
    current = gpu;
    void gpu.device.lost.then(({ reason, message }) => {
      if (gpu !== current) return;
      [opening, facts] = [undefined, undefined];
      if (reason !== "destroyed") report({ kind: "lost", detail: message || String(reason) });
    });
    facts = opened.facts;
    report({ kind: "opened", facts });
    return gpu;
  });
  return opening;
}

async function run({ setup, made, sim, peaks: known }: RunRequest): Promise<void> {
  stop = new AbortController();
  const { signal } = stop;
  const gpu = await open(sim);
  if (!gpu) return report({ kind: "failed", message: "there is no device" });
  try {
    const samples = Number(setup.samples);
    const plan = {
      cases: casesOf(setup, made).map((given) => withRoom(given, gpu.limits)),
      timing: { ...standardTiming, samples },
      clock: clockFor(gpu),
      rotateBytes: 0,
      peaks: setup.peaks === "1" && (known ?? true),
      commandOptions: samples === standardTiming.samples ? [] : [`--samples ${samples}`],
    };
    const events: BenchEvents = {
      signal,
      ready: visible.ready,
      onStart: (environment, peaks) => report({ kind: "start", environment, peaks }),
      onRow: (row) => report({ kind: "row", row }),
      onProgress: (progress) => report({ kind: "progress", ...progress }),
    };
    if (hasGradients(setup)) await runBackwardBench(gpu, { ...plan, ...gradientPlan(setup) }, events);
    else await runAttentionBench(gpu, { ...plan, subjects: setup.variants.map(parseSubject) }, events);
    report({ kind: "done" });
  } catch (error) {
    if (signal.aborted) return report({ kind: "stopped" });
    report({ kind: "failed", message: words(error) });
    gpu.close(); // it may have failed for good; the next run opens another
    [opening, facts] = [undefined, undefined];
  }
}

async function check({ id, own, sim }: CheckRequest): Promise<void> {
  const gpu = await open(sim);
  if (!gpu) return;
  const problems = await checkOwn(gpu, own).catch((error: unknown) => [{ line: 0, message: words(error) }]);
  report({ kind: "checked", id, problems });
}
