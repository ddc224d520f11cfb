// The examples as a reader runs them: copied into a separate folder, with the built package, bundled as
// docs/own-kernels.md says.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findExample } from "../../../scripts/setup/find-example.mjs";
import { quickly } from "../../cli/run-cli.ts";
import { writeNamedBlocks } from "../../support/code-blocks.ts";

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "shaderformer-examples-"));
const numbered = (await readdir("examples")).filter((name) => /^\d/.test(name));
/** Those that are one script; the others are projects (projects.test.ts). */
const names = numbered.filter(
  (name) => !["index.html", "package.json"].some((file) => existsSync(join("examples", name, file))),
);

/** What each says, for the reader to see that it works. */
const said: Readonly<Record<string, RegExp>> = {
  "01-first-kernel": /\[ 0, 0, 0, 1, 4, 9 \]/,
  "02-matmul-ladder": /'naive'.*\n.*'coalesced'/,
  "03-own-mask": /\n204 of 576 pairs .*\nnaive: right,.*\nrows: right,.*\nflash: right,/,
  "04-transformer-block": /deck, and.*\nThe model itself goes on with the same text\.\n$/,
  "11-train": /trained-first: a fresh model, and the batches of its first steps: 1\n$/,
  "10-sort": /^step 20: loss [01]\.\d+, [\s\S]*100\.0 % of 3 sorted\n[\d.]+ s on /,
  "12-attention-ladder": /'naive'.*\n.*'twoPass'.*\n.*'rows'.*\n.*'flashPlain'/,
  "13-pretrain-finetune":
    /^voice, pre-trained, 4 examples, seed 0, .*\nvoice, bag of words, .*\n\n\| task \| net \| 4 examples/,
  "15-recall": /^mixer, pairs, seed: right answers\nhybrid, 2, 0: \d+\.\d %\n[\d.]+ s on /,
  "14-course": /\nA bag of words is right about the mood.*\n✓ It holds after [\d.]+ s on /,
};

/** Arguments, and what is less in the copy, of those that would take minutes without. */
const args: Readonly<Record<string, readonly string[]>> = {
  "11-train": ["11-train", "--first", "1", "--out", join(folder, "trained")],
  "13-pretrain-finetune": [
    ["13", "--tasks", "voice", "--nets", "pre-trained,bag of words", "--sizes", "4", "--seeds", "0"],
    ["--steps", "1", "--test", "4", "--out", join(folder, "results.json")],
  ].flat(),
  "14-course": ["14-course", "bag-of-words"],
  "15-recall": ["15-recall", "hybrid", "2", "2"],
};
const less: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  "02-matmul-ladder": [
    [', "tiled", "registers1d", "registers2d", "vectors", "padded", "doubleBuffer"', ""],
    ["? 256", "? 64"],
  ],
  "04-transformer-block": [
    ["i < 8", "i < 3"],
    ["maxTokens: 8", "maxTokens: 3"],
  ],
  "12-attention-ladder": [
    [', "flash", "subgroups"', ""],
    ["? [4, 256, 64]", "? [1, 64, 64]"],
  ],
  "10-sort": [
    ["digits = 6;", "digits = 3;"],
    ["length: 64 }", "length: 8 }"],
    ["n_layer: 3", "n_layer: 1"],
  ],
};

beforeAll(async () => {
  await mkdir(join(folder, "node_modules"));
  for (const [name, target] of [
    ["shaderformer", "."],
    ["esbuild", "node_modules/esbuild"],
  ] as const) {
    await symlink(resolve(target), join(folder, "node_modules", name));
  }
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
  await writeNamedBlocks("docs/own-kernels.md", folder);
  for (const name of names) {
    const project = join(folder, name);
    await cp(join("examples", name), project, { recursive: true });
    let main = await readFile(join(project, "main.ts"), "utf8");
    for (const [given, shorter] of less[name] ?? []) {
      expect(main).toContain(given);
      main = main.replace(given, shorter);
    }
    await writeFile(join(project, "main.ts"), main);
  }
  const build = await readFile(join(folder, "build.mjs"), "utf8");
  const entries = names.map((name) => JSON.stringify(`./${name}/main.ts`)).join();
  await writeFile(join(folder, "build.mjs"), build.replace('"./main.js", "./check.js"', entries));
  await run(process.execPath, ["build.mjs"], { cwd: folder });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(names)("%s", async (name) => {
  // From the clone, where the bundled model is; what it starts has these choices too.
  const env = { ...process.env, NODE_OPTIONS: quickly.join(" ") };
  const { stdout } = await run(process.execPath, [join(folder, "dist", name, "main.mjs"), ...(args[name] ?? [])], {
    env,
  });
  expect(stdout).toMatch(said[name] ?? /^$/);
});

// 11-train.test.ts runs one by it.
test("the clone's command lists them", async () => {
  const example = (name: string) => run(process.execPath, ["scripts/example.mjs", name]);
  await expect(example("99")).rejects.toThrow(`there is no example "99"; there are ${numbered.sort().join(", ")}`);
  await expect(example("07")).rejects.toThrow("07-worker is a project of its own: see examples/07-worker/README.md");
});

test("a number that two examples have is refused with both names", () => {
  expect(findExample("01", numbered)).toBe("01-first-kernel");
  expect(() => findExample("01", [...numbered, "01-other"])).toThrow(
    '"01" is 01-first-kernel or 01-other: give the whole name',
  );
});

test("they import the package by its name, and no file of the clone", async () => {
  for (const name of names) {
    for (const file of (await readdir(join("examples", name))).filter((one) => one.endsWith(".ts"))) {
      const text = await readFile(join("examples", name, file), "utf8");
      expect([...text.matchAll(/from "(\.\.[^"]*)"/g)].map(([, path]) => `${name}/${file}: ${path}`)).toEqual([]);
    }
  }
});
