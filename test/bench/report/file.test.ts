import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { ModelRow } from "../../../bench/models/result.ts";
import { caseTables } from "../../../bench/report/case-tables.ts";
import { readReport } from "../../../bench/report/read-report.ts";
import type { DeviceReport } from "../../../bench/report/result.ts";
import { reportText } from "../../../bench/report/run.ts";
import { summaryLines, summaryOf } from "../../../bench/report/summary.ts";
import { someEnvironment, somePeaks, someRow, withoutSpeed } from "../rows.ts";

const model = (fields: Partial<ModelRow>): ModelRow => ({
  engine: "shaderformer",
  backends: "WebGPU",
  gpu_info: "Abacus",
  model_filename: "voices-dense",
  model_type: "voices-dense",
  model_size: 1e7,
  model_n_params: 5e6,
  type_k: "f32",
  type_v: "f32",
  n_prompt: 0,
  n_gen: 0,
  n_depth: 0,
  test_time: "2026-01-02T03:04:05.000Z",
  avg_ns: 1e9,
  stddev_ns: 1e6,
  avg_ts: 128,
  stddev_ts: 1,
  samples_ns: [1e9],
  samples_ts: [128],
  dispatches: null,
  verdict: "pass",
  checked: "20 log-probabilities against float64",
  error: 1e-6,
  reason: null,
  floor_ns: null,
  cache_floor_ns: null,
  depth_ratio: null,
  ...fields,
});

const checked = { op: "softmax", variant: "naive", case: "8 × 16" };
const some: DeviceReport = {
  format: 1,
  versions: { shaderformer: "0.1.0", node: "20.19.0" },
  environment: someEnvironment,
  peaks: somePeaks,
  seconds: { checks: 12.3 },
  interrupted: false,
  leftOut: [{ part: "norms", why: "the time was up", count: 2, what: ["rms-norm 1×2048: 2"] }],
  checks: [
    { ...checked, verdict: "pass", figures: { nmse: 1e-14, errorRatio: 1.02, meanErrorRatio: null } },
    { ...checked, variant: "online", verdict: "refused" },
    { ...checked, variant: "split", verdict: "fail", message: "element 3 is NaN" },
  ],
  rows: [
    someRow({ tflops: 0.04 }),
    someRow({ variant: "linear", definition: "linear", tflops: 9 }),
    withoutSpeed("fail", "element 3 is NaN", { tflops: null }),
    someRow({ op: "gemm", variant: "register", tflops: 0.05 }),
    someRow({ op: "matmul", variant: "tiled", tflops: 0.03 }),
  ],
  generation: [model({ n_prompt: 128, avg_ts: 1034.4 }), model({ n_gen: 64, avg_ts: 180.2, dispatches: 40 })],
  tuning: [
    {
      key: "matmul | x",
      choice: "tiled",
      untuned: "naive",
      variants: [
        { name: "naive", ms: 3 },
        { name: "tiled", ms: 2 },
      ],
    },
    { key: "softmax | x", choice: "online", untuned: "online", variants: [{ name: "online", ms: 1 }] },
  ],
};

test("a report is the same after it was written and read", () => {
  const text = reportText(some);
  expect(readReport(text, "some.json")).toEqual(some);
  expect(text.split("\n").filter((line) => line.startsWith('  {"'))).toHaveLength(13); // one line an entry
});

test("three lines say how a device did: other functions than attention have no rank", () => {
  expect(summaryLines(some)).toEqual([
    "Abacus (beads 3.1) — software: checks passed: 1 of 2, 1 refused",
    "products 50.0 GFLOP/s (50% of peak) by register · attention 40.0 GFLOP/s (40% of peak) by flash",
    "180 tokens/s of voices-dense, 1034 of a prompt · tuner: 1 of 2 calls changed (matmul tiled for naive: 1.5×)",
  ]);
  const nothing: DeviceReport = { ...some, checks: [], rows: [], generation: [], tuning: [], peaks: null };
  expect(summaryOf({ ...nothing, leftOut: [{ part: "checks", why: "x", count: 7, what: [] }] })).toEqual({
    checks: "0 of 0, 7 left out",
    products: "not measured",
    attention: "not measured",
    generation: "not measured",
    tuning: "not measured",
  });
});

const spoilt = (change: (report: Record<string, never>) => unknown) => {
  const report = JSON.parse(reportText(some));
  change(report);
  return JSON.stringify(report);
};

test.each<[string, string, string | RegExp]>([
  ["a text", "{", /^a\.json is not JSON: /],
  ["a list", "[]", /^a\.json: its argument is \[\], expected an object with format, versions, /],
  ["another form", spoilt((r) => Object.assign(r, { format: 2 })), "a.json: format is 2, expected 1"],
  [
    "no device",
    spoilt((r) => delete r["environment"]),
    /^a\.json: environment is missing, expected an object with date, /,
  ],
  [
    "no name",
    spoilt((r) => Object.assign(r["environment"] ?? {}, { adapter: "" })),
    /^a\.json: environment\.adapter is ""/,
  ],
  ["no list", spoilt((r) => Object.assign(r, { rows: {} })), /^a\.json: rows is an object, expected a list/],
  [
    "a text as a rate",
    spoilt((r) => Object.assign(r["rows"]?.[3] ?? {}, { tflops: "9" })),
    /^a\.json: rows\[3\]\.tflops is "9"/,
  ],
  [
    "an unknown verdict",
    spoilt((r) => Object.assign(r["checks"]?.[1] ?? {}, { verdict: "ok" })),
    /^a\.json: checks\[1\]\.verdict is "ok", expected "pass" or "refused" or "fail"/,
  ],
  [
    "an unknown field",
    spoilt((r) => Object.assign(r["tuning"]?.[0] ?? {}, { text: 1 })),
    /^a\.json: there is no option tuning\[0\]\.text/,
  ],
  [
    "an unknown part",
    spoilt((r) => Object.assign(r["leftOut"]?.[0] ?? {}, { part: "x" })),
    /^a\.json: leftOut\[0\]\.part is "x"/,
  ],
  [
    "a test without speed",
    spoilt((r) => delete r["generation"]?.[0]?.["avg_ts"]),
    /^a\.json: generation\[0\]\.avg_ts is missing/,
  ],
])("%s is no report: the error names file and field", (_, text, message) => {
  expect(() => readReport(text, "a.json")).toThrow(message);
});

test("every report in the repository is valid", () => {
  const folder = "bench/results/reports";
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) {
    const report = readReport(readFileSync(`${folder}/${file}`, "utf8"), file);
    expect(report.interrupted, file).toBe(false);
  }
});

test("the checks of a report are those of every module of cases", async () => {
  const folder = "src/check/cases";
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
  const modules = names.filter(
    (name) =>
      name.endsWith(".ts") && /^export const \w+(Cases|Table)\b/m.test(readFileSync(`${folder}/${name}`, "utf8")),
  );
  const text = readFileSync("bench/report/case-tables.ts", "utf8");
  expect([...text.matchAll(/cases\/([\w/-]+\.ts)"\)/g)].map(([, name]) => name).sort()).toEqual(modules.sort());
  const ops = new Set<string>();
  for await (const { op, variants, cases } of caseTables()) {
    expect(variants.length * cases.length, op).toBeGreaterThan(0);
    ops.add(op);
  }
  for (const op of ["matmul", "attention", "softmax", "adamW", "rope"]) expect(ops).toContain(op);
});
