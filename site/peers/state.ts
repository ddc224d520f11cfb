import { computed, signal } from "@preact/signals";
import type { BenchProgress } from "../../bench/attention/run.ts";
import { compare } from "../../bench/peers/compare.ts";
import { messageOf } from "../../bench/peers/compare-on.ts";
import type { Engine } from "../../bench/peers/engines/engine.ts";
import { peersAreHere } from "../../bench/peers/engines/vendor.ts";
import { textModelAddress } from "../../bench/peers/generate.ts";
import { type Problem, parseProblem } from "../../bench/peers/problems.ts";
import type { PeerResult } from "../../bench/peers/result.ts";
import { readSetup, type Setup } from "../../bench/peers/setup/setup.ts";
import type { Truth } from "../../bench/peers/truth/truth.ts";
import type { TruthRequest } from "../../bench/peers/truth/truth-worker.ts";
import type { Gpu } from "../../src/index.ts";
import { device, losses, reopen } from "../shell/device/device.ts";
import { openDevice } from "../shell/device/open.ts";
import { counted } from "../shell/format.ts";
import { sim } from "../shell/sim.ts";
import { say } from "../shell/status.ts";
import { chosenHere, enginesHere, whyNothing } from "./offered.ts";

export const engines = signal<readonly Engine[]>([]);
export const setup = signal<Setup>(readSetup(globalThis.location.hash));
/** The activity of a run; undefined without one. */
export const progress = signal<BenchProgress | undefined>(undefined);
export const result = signal<PeerResult | undefined>(undefined);
export const problem = signal<string | undefined>(undefined);

let gpu: Gpu | undefined;
let stop: AbortController | undefined;

/** The problem that a text describes; undefined if none. */
export function problemOf(text: string): Problem | undefined {
  try {
    return parseProblem(text);
  } catch {
    return undefined;
  }
}

/** Opens this engine's device and lists the engines. Never throws: errors become the device's state. */
export async function open(enginesOf: (gpu: Gpu) => readonly Engine[]): Promise<void> {
  device.value = { kind: "opening" };
  reopen.value = () => void open(enginesOf);
  const opened = await openDevice(sim);
  if ("missing" in opened) {
    device.value = { kind: "missing", ...opened };
    return;
  }
  gpu = opened.gpu;
  engines.value = enginesHere(enginesOf(gpu), peersAreHere).map(openedOnce);
  device.value = { kind: "ready", facts: opened.facts };
  void gpu.device.lost.then(({ reason, message }) => {
    losses.value++;
    const detail = message || String(reason);
    device.value = { kind: "lost", detail };
    stop?.abort(new Error(`the device was lost: ${detail}`));
  });
}

/** Why nothing can be measured with this set-up; undefined if something can. */
export const whyNotMeasured = computed(() =>
  whyNothing(
    engines.value,
    setup.value.engines,
    setup.value.cases.flatMap((text) => problemOf(text) ?? []),
  ),
);

/** The problem with the set-up's engines; undefined if all exist. */
export function unknownEngine(): string | undefined {
  const names = engines.value.map(({ name }) => name);
  const unknown = setup.value.engines?.find((name) => !names.includes(name));
  return unknown === undefined ? undefined : `there is no engine "${unknown}"; there are ${names.join(", ")}`;
}

/** An engine, opened at its first use and kept open; a failed opening is retried. */
function openedOnce(engine: Engine): Engine {
  let opening: ReturnType<Engine["open"]> | undefined;
  const start = () => {
    opening ??= engine.open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  return { ...engine, open: start };
}

/** Measures the set-up, and shows results as they arrive. Resolves with the results so far, also after `stopRun`. */
export async function run(): Promise<PeerResult | undefined> {
  if (device.value.kind !== "ready" || !gpu || stop) return undefined;
  const { cases, engines: chosen, intervalMs, samples, budgetMs, peaks } = setup.value;
  const problems = cases.flatMap((text) => problemOf(text) ?? []);
  stop = new AbortController();
  const { signal: stopped } = stop;
  const worker = truthWorker();
  problem.value = undefined;
  result.value = undefined;
  progress.value = { what: "reading what the adapter is", done: 0, total: 1 };
  say(`Measuring ${counted(problems.length, "case")}`);
  try {
    result.value = await compare({
      gpu,
      engines: chosenHere(engines.value, chosen),
      problems,
      timing: { intervalMs, samples, budgetMs },
      peaks,
      truthOf: worker.truthOf,
      signal: stopped,
      onProgress: (now) => {
        progress.value = now;
      },
      onResult: (soFar) => {
        result.value = soFar;
      },
    });
    say(stopped.aborted ? "Stopped; complete cases are kept" : "Finished");
  } catch (error) {
    problem.value = messageOf(error);
    say("Failed");
  } finally {
    worker.close();
    stop = undefined;
    progress.value = undefined;
  }
  return result.value;
}

/** Stops the run after the current interval. */
export function stopRun(): void {
  stop?.abort(new Error("it was stopped"));
}

/** Float64 results, computed in a separate thread. */
function truthWorker() {
  const worker = new Worker(new URL("../../bench/peers/truth/truth-worker.ts", import.meta.url), { type: "module" });
  const truthOf = ({ text }: Problem) =>
    new Promise<Truth>((resolve, reject) => {
      const failed = (message: string) => reject(new Error(`the float64 reference failed: ${message}`));
      worker.onmessage = ({ data: { truth, error } }: MessageEvent<{ truth?: Truth; error?: string }>) =>
        truth ? resolve(truth) : failed(error ?? "");
      worker.onerror = ({ message }) => failed(message);
      worker.postMessage({ text, model: textModelAddress() } satisfies TruthRequest);
    });
  return { truthOf, close: () => worker.terminate() };
}
