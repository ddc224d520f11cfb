// WebGPU as wgpu implements it, in Deno: its compiler, naga, on every text that the cases of kernels are specialised
// to, a case of each op, encoders and encoder-decoders, and the same kernels in the interpreter; texts: golden.test.ts.
// SHADERFORMER_FULL runs all cases, all models and the tests of kernels.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { farthest } from "../../encoders/encode/golden-encoders.ts";
import { sequenceGolden, tolerances } from "../../encoders/seq2seq/golden.ts";
import { bundledVectors } from "../../support/models/use-lite.ts";
import { fifty } from "../../support/sentences.ts";
import { kernelFiles } from "../../support/shaders.ts";
import { bundleTests } from "../outside-vitest/bundle.ts";
import { testFiles } from "../outside-vitest/files.ts";
import { noDeno, runInDeno } from "./deno.ts";
import { encodersOf, sequencesOf } from "./families.ts";
import { interpreterFiles } from "./interpreter.ts";
import type { Report } from "./report.ts";

const full = process.env["SHADERFORMER_FULL"] === "1";

const hasCases = (file: string) => readFileSync(`test/${file}`, "utf8").includes("/run-cases.ts");

async function runWorker(): Promise<Report[]> {
  const outfile = ".cache/deno/kernels.mjs";
  await bundleTests({
    outfile,
    worker: "test/outside/deno/worker.ts",
    tests: [...testFiles.filter((file) => full || hasCases(file)), ...interpreterFiles],
    standIns: { "test/support/run-cases.ts": "test/outside/deno/tables.ts" },
  });
  return await runInDeno(outfile, full ? ["all"] : []);
}

// Tests are named by what comes back.
const reports = noDeno ? [] : await runWorker();
const ofKind = <K extends Report["kind"]>(kind: K) =>
  reports.filter((report): report is Extract<Report, { kind: K }> => report.kind === kind);
const why = noDeno ?? ofKind("no adapter")[0]?.why;

describe.skipIf(why)(`wgpu in Deno${why ? ` (${why})` : ""}`, () => {
  const kernels = ofKind("kernel");

  test.each(kernels)("naga compiles $name, $texts texts", ({ errors }) => expect(errors).toEqual([]));

  test("those are hundreds of texts, of every kernel that enables no subgroups", () => {
    expect(kernels.reduce((sum, { texts }) => sum + texts, 0)).toBeGreaterThan(350);
    const known = new Set([
      ...kernels.map(({ name }) => name),
      ...ofKind("not available").flatMap(({ name, why: reason }) => (reason === "needs subgroups" ? [name] : [])),
    ]);
    const left = [...kernelFiles.keys()].filter((name) => !known.has(name) && !known.has(`shaders/${name}.wgsl`));
    expect(left).toEqual([]);
  });

  for (const { name, error } of ofKind("test")) {
    test(name, () => {
      if (error !== undefined) throw new Error(error);
    });
  }

  test("the interpreter is compared on every kernel that enables no subgroups", () => {
    const compared = ofKind("test").flatMap(({ name }) => (name.startsWith(interpreterFiles[0] as string) ? name : []));
    const left = [...kernelFiles].filter(([kernel]) => !compared.some((name) => name.endsWith(` > ${kernel}`)));
    expect(left.flatMap(([kernel, code]) => (code.includes("enable subgroups;") ? [] : [kernel]))).toEqual([]);
    for (const file of interpreterFiles) expect(ofKind("test").some(({ name }) => name.startsWith(file))).toBe(true);
  });

  for (const { name, why: reason } of ofKind("not available")) test.skip(`${name}: ${reason}`, () => undefined);

  test("the states and vectors of encoders and the logits of masked tokens equal the golden data", () => {
    const encoders = ofKind("encoder");
    expect(encoders.map(({ name }) => name)).toEqual([...encodersOf(full), ...encodersOf(full).slice(0, 1)]);
    const [first, last] = [encoders[0], encoders.at(-1)];
    for (const { name, features, far, more } of encoders) {
      const what = `${name}, ${features.join(" ") || "no features"}`;
      expect(far.states, what).toBeLessThan(2e-5);
      expect(far.cosine, what).toBeGreaterThan(0.999999);
      if (!full && name !== first?.name) continue;
      expect(more?.masks, what).toBeLessThan(1e-4);
      expect(more?.halved.states, what).toBeLessThan(2e-5);
      expect(more?.halved.cosine, what).toBeGreaterThan(0.999999);
    }
    expect([first?.features.includes("shader-f16"), last?.features.includes("shader-f16")]).toEqual([true, false]);
  });

  test("the vectors of the bundled sentence encoder are float64's", () => {
    const [{ vectors = [] } = {}] = ofKind("vectors");
    const expected = bundledVectors(fifty.slice(0, 3));
    for (const [i, vector] of vectors.entries())
      expect(farthest([vector], [[...(expected[i] ?? [])]])).toBeLessThan(1e-6);
    expect(vectors.length).toBe(3);
  });

  test("the states, logits, greedy tokens and searches of encoder-decoders equal the golden data", () => {
    const found = ofKind("sequences");
    expect(found.map(({ name }) => name)).toEqual([...sequencesOf(full), ...sequencesOf(full).slice(0, full ? 1 : 0)]);
    for (const { name, features, distance, ofLogits, tokens, searches, halved } of found) {
      const what = `${name}, ${features.join(" ") || "no features"}`;
      const { texts } = sequenceGolden(name);
      const most = tolerances(name);
      expect(distance, what).toBeLessThan(most.states);
      expect(ofLogits, what).toBeLessThan(most.logits);
      expect(tokens, what).toEqual(texts.map(({ greedy }) => greedy.ids));
      if (name !== found[0]?.name) continue;
      const [best] = texts[0]?.beams?.[0]?.results ?? [];
      expect(searches, what).toEqual([{ ids: best?.ids, score: expect.any(Number) }]);
      const [{ score } = { score: 0 }] = searches;
      expect(Math.abs(score - (best?.score ?? 0)), what).toBeLessThan(most.scores * Math.abs(best?.score ?? 0));
      expect(halved, what).toMatchObject({ stored: "f16", sameTokens: true });
      expect(halved?.states, what).toBeLessThan(2e-5);
      expect(halved?.logits, what).toBeLessThan(most.logits);
    }
    expect(found.map(({ features }) => features.includes("shader-f16"))).toEqual(
      found.map((_, i) => i < sequencesOf(full).length),
    );
  });
});
