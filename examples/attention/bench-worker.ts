// Measures in a thread of its own, so that the page answers while the reference is computed and kernels run.
import type { AttentionCase } from "../../bench/attention/plan.ts";
import { runAttentionBench } from "../../bench/attention/run.ts";
import { parseSubject } from "../../bench/attention/subjects.ts";
import { clockFor, standardTiming } from "../../bench/harness/timing.ts";
import type { BenchResult, BenchRow } from "../../bench/result.ts";
import { type Gpu, openGpu } from "../../src/index.ts";
import type { OwnFunction } from "./own-function.ts";
import { casesOf, type Setup } from "./setup.ts";

/** What the page asks for. */
export type BenchRequest =
  | { readonly kind: "run"; readonly setup: Setup; readonly own: OwnFunction | undefined }
  | { readonly kind: "stop" };

/** What the page is told. */
export type BenchReport =
  | { readonly kind: "row"; readonly row: BenchRow }
  | { readonly kind: "progress"; readonly what: string; readonly done: number; readonly total: number }
  | { readonly kind: "done"; readonly result: BenchResult }
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly message: string };

let gpu: Gpu | undefined;
let stop: AbortController | undefined;

addEventListener("message", ({ data }: MessageEvent<BenchRequest>) => {
  if (data.kind === "stop") stop?.abort(new Error("stopped"));
  else void run(data.setup, data.own);
});

const tell = (report: BenchReport) => postMessage(report);

async function run(setup: Setup, own: OwnFunction | undefined): Promise<void> {
  stop = new AbortController();
  const { signal } = stop;
  try {
    const cases: AttentionCase[] = casesOf(setup, own);
    gpu ??= await openGpu({ powerPreference: "high-performance" });
    const result = await runAttentionBench(
      gpu,
      {
        cases,
        subjects: setup.variants.map(parseSubject),
        timing: standardTiming,
        clock: clockFor(gpu),
        rotateBytes: 0,
        peaks: true,
        commandOptions: [],
      },
      {
        signal,
        onRow: (row) => tell({ kind: "row", row }),
        onProgress: (what, done, total) => tell({ kind: "progress", what, done, total }),
      },
    );
    tell({ kind: "done", result });
  } catch (error) {
    if (signal.aborted) tell({ kind: "stopped" });
    else tell({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  }
}
