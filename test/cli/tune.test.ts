// What one start of the command line measures and stores, and what the starts after it do with it.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { bundledModel } from "../support/bundled.ts";
import { runCli } from "./run-cli.ts";

const cache = await mkdtemp(join(tmpdir(), "shaderformer-tune-"));
afterAll(() => rm(cache, { recursive: true, force: true }));
const run = (...args: string[]) => runCli([...args, "--model", bundledModel, "--json"], { XDG_CACHE_HOME: cache });
const folder = join(cache, "shaderformer", "tuning");

interface Report {
  readonly calls: readonly { readonly op: string; readonly why?: string }[];
}

/** Why the calls of the model's programs have their variants, where they were measured, and what the start said. */
async function measured(...args: string[]) {
  const { code, stdout, stderr } = await run("inspect", "--program", ...args);
  expect(code, stderr).toBe(0);
  const { prefill, decode } = JSON.parse(stdout) as Record<"prefill" | "decode", Report>;
  const reasons = [...prefill.calls, ...decode.calls].flatMap(({ why = "" }) =>
    /^measured here/.test(why) ? why : [],
  );
  return { reasons, stderr };
}

test("nothing is used before it is measured", async () => {
  expect((await measured()).reasons).toEqual([]);
});

test("a second start uses what a first one stored, unless it is not to", async () => {
  const { code, stdout, stderr } = await run("tune", "--budget", "10");
  expect(code, stderr).toBe(0);
  const { rows, stored } = JSON.parse(stdout) as { rows: readonly unknown[]; stored: boolean };
  expect(stored).toBe(true);
  expect(rows.length).toBeGreaterThan(0);
  const second = await measured();
  expect(second.reasons.length).toBeGreaterThan(0);
  expect(second.stderr).not.toMatch(/stored tuning/);
  expect((await measured("--no-tuned")).reasons).toEqual([]);
});

test("what was measured of another text of a kernel is not used, and the start says so", async () => {
  const [name = ""] = await readdir(folder);
  const stored = await readFile(join(folder, name), "utf8");
  await writeFile(join(folder, name), stored.replaceAll(/"[0-9a-f]{14}"/g, '"00000000000000"'));
  const { reasons, stderr } = await measured();
  expect(reasons).toEqual([]);
  expect(stderr).toMatch(/warning: stored tuning of \S+ is not used: the text of \S+ has changed since; tune again/);
});
