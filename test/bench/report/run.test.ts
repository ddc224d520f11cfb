import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { findShape, ownSubject } from "../../../bench/index.ts";
import { writeRandomFolder } from "../../../bench/models/write-random.ts";
import { type Found, parts, type ReportPlan } from "../../../bench/report/parts.ts";
import { readReport } from "../../../bench/report/read-report.ts";
import type { PartName } from "../../../bench/report/result.ts";
import { reportText, runReport } from "../../../bench/report/run.ts";
import { openWeights } from "../../../src/formats/weights.ts";
import { tuneDevice } from "../../../src/generate/tuning/tune-device.ts";
import { loadModel, openFolder } from "../../../src/index.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { first } from "../../support/first-tier.ts";
import { timing } from "../run-bench.ts";

const gpu = await quickGpu();
gpu.buffers.poison = false;
const [, tiny] = findShape("tiny");
const folder = await mkdtemp(join(tmpdir(), "shaderformer-report-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const plan: ReportPlan = {
  versions: { shaderformer: "0" },
  timing,
  clock: "wall",
  peaks: false,
  budgetMs: 1e9,
  commandOptions: [],
  openModel: async () => {
    await writeRandomFolder(folder, tiny);
    const model = await loadModel(gpu, await openFolder(folder));
    const weights = await openWeights(await openFolder(folder));
    const subject = await ownSubject({ model, file: "tiny", type: "tiny", config: tiny, parameters: 94_528, weights });
    return { ...subject, close: () => model.dispose() };
  },
  tune: tuneDevice,
};

/** Runs the first item of a part. */
async function runFirst(name: PartName, found: Found, other: Partial<ReportPlan> = {}) {
  const items = parts.find((part) => part.name === name)?.items() ?? [];
  for await (const item of items) {
    const context = { gpu, plan: { ...plan, ...other }, peaks: null, found, signal: undefined };
    return await item.run({ ...context, deadline: 0, progress: () => {} });
  }
  return undefined;
}

test("a check, a bench, the model and the tuner add what their own commands measure", first, async () => {
  const found: Found = { checks: [], rows: [], generation: [], tuning: [] };
  for (const name of ["checks", "norms", "generation"] as const) expect(await runFirst(name, found)).toBeUndefined();
  expect(found.checks).toEqual([expect.objectContaining({ verdict: "pass", figures: expect.anything() })]);
  expect(found.rows.length).toBeGreaterThan(2);
  for (const { op, verdict, tflops } of found.rows)
    expect([op, verdict, tflops]).toEqual(["rms-norm", "pass", expect.any(Number)]);
  expect(found.generation.map(({ n_prompt, n_gen, verdict }) => [n_prompt, n_gen, verdict])).toEqual([
    [128, 0, "pass"],
    [0, 64, "pass"],
  ]);
  // Its time is up: the deadline has passed.
  expect(await runFirst("tuning", found)).toEqual({ what: "calls of the standard list", count: expect.any(Number) });
  expect(found.tuning).toEqual([]);
});

test("a run that is stopped is a valid report of what was done, which says what it lacks", first, async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  const report = await runReport(gpu, plan, {
    signal: stop.signal,
    onProgress: (what) => {
      seen.push(what);
      if (seen.length === 4) stop.abort();
    },
  });
  expect(seen.slice(1).every((what) => what.startsWith("checks: "))).toBe(true);
  expect(readReport(reportText(report), "stopped")).toEqual(report);
  expect(report).toMatchObject({ interrupted: true, rows: [], generation: [], tuning: [], peaks: null });
  expect(report.checks.map(({ verdict }) => verdict)).toEqual(["pass", "pass", "pass"]);
  expect(new Set(report.checks.map(({ op }) => op)).size).toBe(3); // breadth first
  const why = (part: PartName) => report.leftOut.filter((left) => left.part === part).map(({ why: reason }) => reason);
  const shorter = expect.stringMatching(/^a software adapter runs a shorter list/);
  for (const { name } of parts) expect(why(name), name).toContain("the run was stopped");
  for (const name of ["checks", "attention", "products", "norms", "block"] as const) {
    expect(
      why(name).filter((reason) => reason !== "the run was stopped"),
      name,
    ).toEqual([shorter]);
  }
});

test("without time nothing is begun, and a model that is not at hand is an error of its item", first, async () => {
  const late = await runReport(gpu, { ...plan, budgetMs: 0 });
  expect(late).toMatchObject({ interrupted: false, checks: [], rows: [], generation: [], tuning: [] });
  for (const { name } of parts) {
    expect(late.leftOut).toContainEqual(expect.objectContaining({ part: name, why: "the time was up" }));
  }
  const missing = new Error("the model is not at hand");
  const found: Found = { checks: [], rows: [], generation: [], tuning: [] };
  await expect(runFirst("generation", found, { openModel: () => Promise.reject(missing) })).rejects.toBe(missing);
});
