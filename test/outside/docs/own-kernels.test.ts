// docs/own-kernels.md as its reader follows it: in a separate folder, with the built package.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import "../../support/built.ts";
import { writeNamedBlocks } from "../../support/code-blocks.ts";

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "shaderformer-own-kernel-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

await mkdir(join(folder, "node_modules"));
await symlink(resolve("."), join(folder, "node_modules", "shaderformer"));
for (const name of ["esbuild", "vite"])
  await symlink(resolve("node_modules", name), join(folder, "node_modules", name));
await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
const written = await writeNamedBlocks("docs/own-kernels.md", folder);

const node = (...args: string[]) => run(process.execPath, args, { cwd: folder });
const said = "1 0 4 9\n";

test("every file that the guide names is written", () => {
  expect(written).toEqual([
    "square.wgsl",
    "square.js",
    "main.js",
    "build.mjs",
    "vite.config.js",
    "check.js",
    "text.js",
  ]);
});

test("with esbuild", async () => {
  await node("build.mjs");
  expect((await node("dist/main.mjs")).stdout).toBe(said);
});

test("the check passes", async () => {
  expect((await node("dist/check.mjs")).stdout).toMatch(/3 of 3 passed\n$/);
});

test("with Vite, comments left out", async () => {
  const config = await readFile(join(folder, "vite.config.js"), "utf8");
  const external = '"shaderformer"';
  await writeFile(
    join(folder, "vite.config.js"),
    config
      .replace("wgslVite()", "wgslVite({ comments: false })")
      .replace("lib: {", `outDir: "dist-vite", rolldownOptions: { external: [${external}] }, lib: {`),
  );
  await node("node_modules/vite/bin/vite.js", "build");
  expect((await node("dist-vite/main.js")).stdout).toBe(said);
  const bundle = await readFile(join(folder, "dist-vite/main.js"), "utf8");
  expect(bundle).toContain("linear_workgroup"); // the part came with it
  expect(bundle).not.toContain("The square of every element");
});

test("a text with a part of the package", async () => {
  const build = await readFile(join(folder, "build.mjs"), "utf8");
  await writeFile(join(folder, "build-text.mjs"), build.replace('"./main.js", "./check.js"', '"./text.js"'));
  await node("build-text.mjs");
  const show =
    'import("./dist/text.mjs").then(({ source }) => console.log(source.parts[0].name, source.declares.workgroupSize))';
  expect((await node("-e", show)).stdout).toBe("lib/grid 1\n");
});

test("a part that does not exist is an error with file and line", async () => {
  await writeFile(join(folder, "square.wgsl"), "// with: lib/grid\n// with: ./mine, lib/gird\n");
  await writeFile(join(folder, "mine.wgsl"), "const MINE = 1;\n");
  await expect(node("build.mjs")).rejects.toThrow(/square\.wgsl:2: there is no part lib\/gird, expected the file/);
});
