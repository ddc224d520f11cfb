import type { BenchRow, Environment, Peaks } from "../../bench/result.ts";

/** An environment as a bench would write it. */
export const someEnvironment: Environment = {
  date: "2026-01-02T03:04:05.000Z",
  adapter: "Abacus (beads 3.1) — software",
  vendor: "v",
  architecture: "a",
  device: "d",
  description: "",
  software: true,
  features: ["shader-f16"],
  subgroupSizes: [8, 8],
  limits: { binding: 1 << 20 },
  runtime: "Node 20",
  platform: "linux x64",
  clock: "wall",
  clockQuantumMs: 0.0001,
  encodeUs: 2,
};

const peak = (value: number) => ({ value, reason: null });

/** Peaks as a bench would write them. */
export const somePeaks: Peaks = {
  tflopsF32: peak(0.1),
  tflopsF16: { value: null, reason: "this device has no shader-f16" },
  copyGbs: peak(10),
  workgroupGbs: peak(20),
  dispatchUs: peak(15),
};

/** A correct row, with some fields replaced. */
export function someRow(fields: Partial<BenchRow> = {}): BenchRow {
  return {
    id: "attention/flash",
    op: "attention",
    variant: "flash",
    batch: "q2k",
    mask: "causal",
    score: "none",
    layout: "contiguous",
    heads: "32/8x64",
    dtype: "f32",
    model: null,
    verdict: "pass",
    reason: null,
    checked: "all 8 query rows",
    errorRatio: 0.98,
    meanErrorRatio: 0.9,
    nmse: 1e-13,
    medianMs: 1.5,
    p10Ms: 1.25,
    p90Ms: 1.75,
    repeats: 14,
    samples: 15,
    clock: "wall",
    clockQuantumMs: 1e-4,
    firstRunMs: 80,
    dispatches: 1,
    livePairs: 67141632,
    flops: 17188257792,
    flopsFlashAttention: 17179869184,
    bytes: 41943040,
    modelledBytes: 1107296256,
    requestedBytes: 2e9,
    executedFlops: 2e10,
    tflops: 11.458838528,
    gbs: 27.962026667,
    idealMs: 0.5,
    bound: "compute",
    shareOfPeak: 1 / 3,
    shareOfFastest: 1,
    kvBytesPerToken: 4096,
    workspaceBytes: 0,
    command: "node dist/cli.js bench attention q2k",
    ...fields,
  };
}

/** The same row where the result was wrong, or the case does not apply. */
export const withoutSpeed = (verdict: "fail" | "n/a", reason: string, fields: Partial<BenchRow> = {}): BenchRow =>
  someRow({
    verdict,
    reason,
    medianMs: null,
    p10Ms: null,
    p90Ms: null,
    repeats: null,
    samples: null,
    clock: null,
    clockQuantumMs: null,
    tflops: null,
    gbs: null,
    idealMs: null,
    bound: null,
    shareOfPeak: null,
    shareOfFastest: null,
    ...fields,
  });
