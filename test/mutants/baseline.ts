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
   * Green tests of the files that can use `file`, such as `shaders/lib/grid.wgsl`: without those that can use most
   * shaders, as tests of programs can, unless `all` of them are asked for.
   */
  readonly using: (file: string, all: boolean) => Promise<readonly Measured[]>;
}

/** A file, what it imports, and what that imports. */
function importedBy(file: string, { inputs }: Metafile): ReadonlySet<string> {
  const found = new Set([file]);
  for (const each of found) {
    for (const { path, external } of inputs[each]?.imports ?? []) if (!external) found.add(path);
  }
  return found;
}

/** Hashes of the texts of files, each read once. */
function keysOf(lists: ReadonlyMap<string, ReadonlySet<string>>): ReadonlyMap<string, string> {
  const known = new Map<string, string>();
  const hashOf = (file: string) => {
    const hash = known.get(file) ?? createHash("sha256").update(readFileSync(file)).digest("base64url");
    known.set(file, hash);
    return hash;
  };
  const keyOf = (files: ReadonlySet<string>) => {
    const key = createHash("sha256");
    for (const file of [...files].sort()) key.update(file).update(hashOf(file));
    return key.digest("base64url").slice(0, 16);
  };
  return new Map([...lists].map(([file, files]) => [file, keyOf(files)]));
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
      new Set([...importedBy(`test/${file}`, metafile)].filter((name) => existsSync(name))),
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
  const shadersIn = (files: Iterable<string>) => [...files].filter((file) => file.endsWith(".wgsl")).length;
  const most = shadersIn(Object.keys(metafile.inputs)) / 2;
  const isSpecial = (test: string) => shadersIn(imported.get(test) ?? []) < most;
  const using = (file: string, all: boolean) =>
    of(testFiles.filter((test) => imported.get(test)?.has(file) && (all || isSpecial(test))));
  return { of, using };
}
