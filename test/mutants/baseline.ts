// What the tests do without any mistake: what each took and which shader files it used, measured file by file, when a
// mistake first asks for it, and kept until something that the test file imports changes.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Metafile } from "esbuild";
import { startWorker } from "./process.ts";
import type { Measured } from "./worker.ts";

/** What is known of the tests of one file. */
interface Known {
  /** Of the texts of all files that it imports. */
  readonly key: string;
  readonly tests: readonly Measured[];
}

/** The tests as they are without a mistake. */
export interface Baseline {
  /** Tests of these files, such as `kernels/fill.test.ts`, that are green. */
  readonly of: (files: readonly string[]) => Promise<readonly Measured[]>;
  /**
   * The test files that can use `file`, such as `shaders/lib/grid.wgsl`: those first that import it by the fewest
   * steps.
   */
  readonly using: (file: string) => readonly string[];
}

/** A file, what it imports, and what that imports, each with how many imports lead to it. */
function importedBy(file: string, { inputs }: Metafile): ReadonlyMap<string, number> {
  const found = new Map([[file, 0]]);
  for (const [each, steps] of found) {
    for (const { path, external } of inputs[each]?.imports ?? []) {
      if (!external && !found.has(path)) found.set(path, steps + 1);
    }
  }
  return found;
}

/** Hashes of the texts of files, each read once. */
function keysOf(lists: ReadonlyMap<string, ReadonlyMap<string, number>>): ReadonlyMap<string, string> {
  const known = new Map<string, string>();
  const hashOf = (file: string) => {
    const hash = known.get(file) ?? createHash("sha256").update(readFileSync(file)).digest("base64url");
    known.set(file, hash);
    return hash;
  };
  const keyOf = (files: readonly string[]) => {
    const key = createHash("sha256");
    for (const file of [...files].sort()) key.update(file).update(hashOf(file));
    return key.digest("base64url").slice(0, 16);
  };
  return new Map([...lists].map(([file, files]) => [file, keyOf([...files.keys()])]));
}

/**
 * The baseline of the test files in a bundle, of which `cache` is the file that keeps what is found. Tests that are red
 * without a mistake are said, set the exit code, and are left out.
 */
export function openBaseline(
  bundle: string,
  metafile: Metafile,
  testFiles: readonly string[],
  cache: string,
): Baseline {
  const kept: Record<string, Known> = existsSync(cache) ? JSON.parse(readFileSync(cache, "utf8")) : {};
  const imported = new Map(
    testFiles.map((file) => [
      file,
      new Map([...importedBy(`test/${file}`, metafile)].filter(([name]) => existsSync(name))),
    ]),
  );
  const keys = keysOf(imported); // of what the bundle was made of
  const asked = new Map<string, Promise<readonly Measured[]>>();

  /** In a process of its own: one process for all files is more than a driver bears. */
  const measure = async (file: string): Promise<readonly Measured[]> => {
    const key = keys.get(file) ?? "";
    const known = kept[file];
    if (known?.key === key) return known.tests;
    const worker = await startWorker(bundle);
    const report = await worker.ask({ kind: "baseline", file });
    worker.stop();
    if (report.kind !== "baseline")
      throw new Error(`${file} does not run: ${"message" in report ? report.message : ""}`);
    const red = report.tests.filter(({ error }) => error !== undefined);
    for (const { test, error } of red) console.log(`red without any mistake: ${test}: ${error}`);
    if (red.length > 0) process.exitCode = 1;
    const tests = report.tests.filter(({ error }) => error === undefined);
    if (red.length === 0) kept[file] = { key, tests };
    writeFileSync(cache, JSON.stringify(kept));
    const seconds = tests.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1000;
    console.log(`${file} without a mistake: ${tests.length} tests, ${seconds.toFixed(0)} s`);
    return tests;
  };
  const of = async (files: readonly string[]) => {
    const found: Measured[] = [];
    for (const file of files) {
      const tests = asked.get(file) ?? measure(file);
      asked.set(file, tests);
      found.push(...(await tests));
    }
    return found;
  };
  const using = (file: string) => {
    const steps = (test: string) => imported.get(test)?.get(file) ?? Number.POSITIVE_INFINITY;
    return testFiles.filter((test) => Number.isFinite(steps(test))).sort((p, q) => steps(p) - steps(q));
  };
  return { of, using };
}
