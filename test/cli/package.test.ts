import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as esbuild from "esbuild";
import * as vite from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundledModel } from "../support/bundled.ts";
import "./run-cli.ts"; // which builds what is packed

const project = mkdtempSync(join(tmpdir(), "shaderformer-project-"));
const installed = join(project, "node_modules/shaderformer");

/** What a user might write; printed lines are compared. */
const program = `
import { loadModel, openGpu, rmsNorm, ShapeError, tensor } from "shaderformer";
const gpu = await openGpu();
const x = tensor(gpu, [1, 4], [3, 3, 3, 3]);
const { y } = rmsNorm(gpu, { x, weight: tensor(gpu, [4], [1, 2, 3, 4]) }, { eps: 0 });
console.log([...(await y.read())].map(Math.round).join());
const model = await loadModel(gpu, ${JSON.stringify(resolve(bundledModel))});
const { rows } = await model.generate("<|whale|>The sea", { maxTokens: 3, temperature: 0 }).result;
console.log(rows[0]?.tokens.length, ShapeError.name);
gpu.close();
`;
const printed = "1,2,3,4\n3 ShapeError\n";

function run(file: string, ...args: string[]): string {
  const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
  return execFileSync(process.execPath, [file, ...args], { cwd: project, encoding: "utf8", stdio });
}

beforeAll(() => {
  // The files that npm would publish, and its dependencies as npm would put them beside it.
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const packed = execFileSync(npm, ["pack", "--json", "--ignore-scripts", "--pack-destination", project], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [{ filename = "" } = {}] = JSON.parse(packed) as { filename?: string }[];
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", join(project, filename), "-C", installed, "--strip-components=1"]);
  const { dependencies } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    mkdirSync(join(project, "node_modules", name, ".."), { recursive: true });
    symlinkSync(resolve("node_modules", name), join(project, "node_modules", name));
  }
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  writeFileSync(join(project, "main.js"), program);
});

afterAll(() => rmSync(project, { recursive: true }));

test("the package works in Node", () => {
  expect(run("main.js")).toBe(printed);
});

test("its command line works", () => {
  const { bin, version } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as {
    bin: Record<string, string>;
    version: string;
  };
  const cli = join(installed, bin["shaderformer"] ?? "");
  expect(readFileSync(cli, "utf8").startsWith("#!/usr/bin/env node\n")).toBe(true);
  expect(run(cli, "--version")).toBe(`${version}\n`);
});

test("an esbuild bundle for the browser has no import of Node's, and works in Node all the same", async () => {
  const { warnings, metafile } = await esbuild.build({
    absWorkingDir: project,
    entryPoints: ["main.js"],
    outfile: "bundle.js",
    bundle: true,
    format: "esm",
    platform: "browser",
    metafile: true,
    logLevel: "silent",
  });
  expect(warnings).toEqual([]);
  expect(metafile.outputs["bundle.js"]?.imports).toEqual([]);
  expect(run("bundle.js")).toBe(printed);
});

test("a Vite build has nothing to complain of", async () => {
  writeFileSync(join(project, "index.html"), '<script type="module" src="./main.js"></script>');
  const complaints: string[] = [];
  const logger = vite.createLogger("silent");
  logger.warn = (message) => complaints.push(message);
  logger.error = (message) => complaints.push(message);
  const options = { root: project, configFile: false, logLevel: "warn", customLogger: logger } as const;
  await vite.build({ ...options, build: { target: "es2022", outDir: "site" } });
  expect(complaints).toEqual([]);
});

test("its types hold, with every library file checked", () => {
  // Errors where there are none would mean that a type is `any`.
  const misuse =
    "\n// @ts-expect-error\nmodel.generate('', { maxTokenz: 1 });\n// @ts-expect-error\ngpu.device.limit;\n";
  writeFileSync(join(project, "main.ts"), `${program}${misuse}`);
  const compilerOptions = { target: "es2022", strict: true, skipLibCheck: false, noEmit: true, types: [] };
  for (const [module, moduleResolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ]) {
    const config = { compilerOptions: { ...compilerOptions, module, moduleResolution }, files: ["main.ts"] };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
    expect(run(resolve("node_modules/typescript/bin/tsc"), "-p", ".")).toBe("");
  }
});
