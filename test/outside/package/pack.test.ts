import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build as esbuild } from "esbuild";
import { parseAstAsync, build as vite } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noChromium, openPage } from "../../../bench/harness/chromium.ts";
import { serveSite } from "../../../bench/harness/web-server.ts";
import { assertClose } from "../../../src/check/compare.ts";
import { closePages, sharedChromium } from "../../browser/shared.ts";
import { quicklyBy } from "../../cli/run-cli.ts";
import { first } from "../../support/first-tier.ts";
import { install, installed, pack, projectWithLibrary } from "./install.ts";
import { oldest, oldestTypeScript } from "./oldest-typescript.ts";
import { bundled, node, page, typeErrors, typescript, worker } from "./types.ts";

const run = promisify(execFile);
const checkout = resolve(".");
const folder = await realpath(await mkdtemp(join(tmpdir(), "shaderformer-package-")));
const project = await projectWithLibrary("page"); // the library alone
const command = await projectWithLibrary("command"); // and with it the command line's package and Dawn
const html = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="./main.js"></script>';

// rmsNorm of the rows of main.js: mean squares 7.5 and 0.5, weights 1, 1, 0.5, 2.
const expected = [[1, 2, 1.5, 8].map((v) => v / Math.sqrt(7.5)), [-1, 0, 0.5, 0].map((v) => v / Math.sqrt(0.5))].flat();

/** Packages that are installed for a page. */
const forPages = ["@huggingface/jinja", "@huggingface/tokenizers", "@webgpu/types", "shaderformer"];

beforeAll(async () => {
  for (const target of [project, command]) {
    await cp("test/outside/package/consumer", target, { recursive: true });
  }
  const types = await readFile(join(project, "types.ts"), "utf8");
  await writeFile(
    join(project, "types.ts"),
    types.replaceAll(/"[./]+src\/([^"]+)"/g, (_, file) => `"${entryOf(file)}"`),
  );
  await writeFile(join(project, "index.html"), html);
  await install(command, [await pack("./cli", folder)]);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** What users import instead of a source file. */
const entryOf = (file: string) => `shaderformer/${file.replace(/\/?(index)?\.ts$/, "")}`.replace(/\/$/, "");

test("the package holds the library, its types and shaders, and nothing else", first, async () => {
  const files = await readdir(join(project, "node_modules/shaderformer"), { recursive: true });
  const roots = new Set(files.map((file) => file.split("/")[0]));
  expect([...roots].sort()).toEqual(["LICENSE", "README.md", "dist", "package.json", "shaders"]);
  expect(files).toContain("dist/types/index.d.ts");
  expect(files).toContain("shaders/norm/rms-norm.wgsl");
});

test("packing builds dist first", async () => {
  const { scripts } = JSON.parse(await readFile("package.json", "utf8"));
  expect(scripts.prepack).toBe(scripts.build);
});

test("a page has the library and what it imports, and neither Dawn nor the command line's packages", async () => {
  expect(await installed(project)).toEqual(forPages);
});

const entries = ["", "attention", "check", "reference", "wgsl", "worker", "encoders", "train", "words", "wgsl-run"];
/** Prints the names of each entry, and then wants a device. */
const namesThenMain = `const names = async (entry) => Object.keys(await import("shaderformer" + entry));
console.log(JSON.stringify(await Promise.all(${JSON.stringify(entries.map((name) => name && `/${name}`))}.map(names))));
await import("./main.js");`;
let withoutDawn: Promise<{ code?: number; stdout: string; stderr: string }> | undefined;

/** The one process in which Node runs this where there is no Dawn. */
function runWithoutDawn() {
  withoutDawn ??= run(process.execPath, ["--input-type=module", "-e", namesThenMain], { cwd: project }).catch(
    (error) => error,
  );
  return withoutDawn;
}

test("Node says what to install where Dawn is missing", async () => {
  const { code, stderr } = await runWithoutDawn();
  expect(code).toBe(1);
  expect(stderr).toContain("GpuError: no WebGPU: Node has none of its own. Install Dawn next to this package");
});

test("Node imports it, opens a device and computes, with Dawn next to it", first, async () => {
  const { stdout } = await run(process.execPath, ["main.js"], { cwd: command });
  const { adapter, y } = JSON.parse(stdout);
  expect(adapter).not.toBe("");
  assertClose(y, expected, 1e-12, "rmsNorm in Node");
});

test("every entry is there, and index has all that attention has", first, async () => {
  const { stdout } = await runWithoutDawn();
  const [index = [], attention = [], ...others]: string[][] = JSON.parse(stdout);
  const [check, reference, wgsl, _worker, encoders, train, words, wgslRun] = others;
  expect(index).toEqual(expect.arrayContaining(["openGpu", "add", "max", "loadModel", "createTokenizer"]));
  expect(attention).toEqual(expect.arrayContaining(["attention", "ringAttention", "linearAttention", "blockMap"]));
  expect(attention.filter((name) => !index.includes(name))).toEqual([]);
  expect(check).toEqual(expect.arrayContaining(["checkCase", "assertGate", "randomSource"]));
  expect(reference).toEqual(expect.arrayContaining(["attention", "dense", "softmax"]));
  expect(wgsl).toEqual(expect.arrayContaining(["wgslVite", "wgslEsbuild"]));
  const loaders = ["loadEncoder", "loadEncoderDecoder", "planEncoder", "planEncoderDecoder"];
  expect(encoders).toEqual(["encoderBlock", "encodersForEngines", ...loaders]);
  expect(train).toEqual(expect.arrayContaining(["gradients", "ruleOf", "createTrainer", "exportModel"]));
  expect(wgslRun).toEqual(["WgslError", "runWgsl"]);
  expect(words).toEqual(expect.arrayContaining(["openWordClassifier", "openWordVectors", "openRecurrent", "analogy"]));
});

describe("the command line, a separate package", () => {
  const bin = join(command, "node_modules/.bin/shaderformer");

  test("installs the library, Dawn and its own packages", async () => {
    const direct = [...forPages, "cli-progress", "commander", "koffi", "prom-client", "shaderformer-cli", "webgpu"];
    expect(await installed(command)).toEqual(expect.arrayContaining(direct));
  });

  test("answers --help and --version", async () => {
    const { stdout } = await run(bin, ["--help"], { cwd: command });
    for (const word of ["generate", "inspect", "perplexity"]) expect(stdout).toContain(word);
    const versions = await Promise.all(
      ["package.json", "cli/package.json"].map(async (file) => JSON.parse(await readFile(file, "utf8")).version),
    );
    expect(versions[1]).toBe(versions[0]);
    expect((await run(bin, ["--version"], { cwd: command })).stdout.trim()).toBe(versions[0]);
  });

  test("asks for the versions that the library asks for", async () => {
    const [library, own] = await Promise.all(
      ["package.json", "cli/package.json"].map(async (file) => JSON.parse(await readFile(file, "utf8"))),
    );
    expect(own.dependencies).toEqual({ ...library.peerDependencies, shaderformer: library.version });
    expect(library.devDependencies).toMatchObject(library.peerDependencies);
    expect(Object.keys(library.peerDependenciesMeta)).toEqual(Object.keys(library.peerDependencies));
  });

  test("generates text with a model from a folder", first, async () => {
    const model = join(checkout, "examples/models/voices-dense");
    const args = ["generate", "The", "--model", model, "--max-tokens", "4", "--temperature", "0", "--json"];
    const env = { ...process.env, NODE_OPTIONS: quicklyBy(join(command, "node_modules/shaderformer")).join(" ") };
    const { text } = JSON.parse((await run(bin, args, { cwd: command, env })).stdout);
    expect(text).toBe("y of the LORD");
  });
});

/** A page that imports these names, as esbuild makes it. */
const builtPage = (names: string) =>
  esbuild({
    absWorkingDir: project,
    outdir: "out",
    write: false,
    metafile: true,
    logLevel: "silent",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    stdin: {
      contents: `import { ${names} } from "shaderformer";\nglobalThis.used = [${names}];`,
      resolveDir: project,
    },
  });
const builtPages = new Map<string, ReturnType<typeof builtPage>>();

/** Bytes that a page loads, as gzip sends them: at its start, and with all that it may import later. */
async function pageBytes(
  names: readonly string[],
  without = /(?!)/,
): Promise<{ first: number; all: number; sources: string[] }> {
  const key = names.join(", ");
  const building = builtPages.get(key) ?? builtPage(key);
  builtPages.set(key, building);
  const { metafile, outputFiles } = await building;
  const files = new Map(outputFiles.map(({ path, contents }) => [relative(project, path), contents]));
  const [entry = ""] = Object.keys(metafile.outputs).filter((file) => metafile.outputs[file]?.entryPoint === "<stdin>");
  const reached = (file: string, kinds: readonly string[], seen = new Set<string>()): Set<string> => {
    if (seen.has(file) || !files.has(file) || without.test(metafile.outputs[file]?.entryPoint ?? "")) return seen;
    seen.add(file);
    for (const { path, kind } of metafile.outputs[file]?.imports ?? [])
      if (kinds.includes(kind)) reached(path, kinds, seen);
    return seen;
  };
  const bytes = (of: Iterable<string>) =>
    [...of].reduce((sum, file) => sum + gzipSync(files.get(file) ?? "", { level: 9 }).length, 0);
  const first = reached(entry, ["import-statement"]);
  const all = reached(entry, ["import-statement", "dynamic-import"]);
  const sources = [...all].flatMap((file) =>
    Object.entries(metafile.outputs[file]?.inputs ?? {}).flatMap(([path, { bytesInOutput }]) =>
      bytesInOutput > 0 ? [path] : [],
    ),
  );
  return { first: bytes(first), all: bytes(all), sources };
}

test.each([
  [["openGpu", "tensor", "add"], 30_000],
  [["openGpu", "loadModel"], 30_300], // what reads and runs a model is loaded with the model: the next test counts it
])("a page that imports %s loads at most %i bytes before it starts", async (names, most) => {
  const { first, all, sources } = await pageBytes(names);
  console.log(`${names.join(", ")}: ${first} bytes (gzip), ${all} with what is imported later`);
  expect(first).toBeLessThanOrEqual(most);
  // A page without WGSL texts of its own has no code that reads WGSL.
  expect(sources.some((path) => path.endsWith("/shaderformer/dist/gpu/shader/specialise.js"))).toBe(true);
  expect(
    sources.filter((path) =>
      /\/wgsl\/(?!comments)[\w-]+\.js$|\/gpu\/shader\/(read-declarations|wgsl-module)\.js$/.test(path),
    ),
  ).toEqual([]);
});

test.each([
  [["openGpu", "loadModel"], 189_500],
  [["createEngine"], 201_600], // its sessions, plans and caches know of models with states, whose own parts are loaded with one
  [["createWorkerEngine"], 8_600], // the worker's own script is a file apart
])("a page with %s loads at most %i bytes, with all that it imports for a model", async (names, most) => {
  // What a folder's model needs, but for the libraries that read its tokenizer and its template. Dawn is Node's, some
  // texts are for pages without WebGPU, WebAssembly digests files of a hub's repositories alone, samples are of servers
  // that name no version, words of a refusal come with one, patient requests are of folders that are not kept; GGUF
  // files, quantised folders, packed weights, proposed tokens, beams, log-probabilities and penalties, the tuner,
  // timestamps, looks into a model, grammars, batches of prompts and the words of a load that ran out of memory load
  // theirs.
  const others =
    /\/(adapter-node|no-webgpu|sha256-wasm|hub\/samples|hub\/hub-problem|hub\/patient-fetch|lfs-pointer|gguf\/entry|quantised\/entry|codecs\/table|speculative\/entry|beams\/entry|tuning\/entry|program\/timer|look\/entry|sampling\/logprobs|states-entry|library-tokenizer|jinja|explain-memory|engine\/grammar\/(constraint|response-format)|engine\/direct\/batch)\.js$/;
  const { first, all } = await pageBytes(names, others);
  console.log(`${names.join(", ")}: ${first} bytes (gzip), ${all} with what is imported later`);
  expect(all).toBeLessThanOrEqual(most);
});

test.each([
  ["for a page, by Node's rules", { ...page, module: "nodenext" }],
  ["for a worker", worker],
  ["for Node", { ...node, module: "nodenext" }],
])("the types check strictly %s", async (name, options) => {
  expect(await typeErrors(project, typescript, name, options)).toBe("");
});

const { compiler: oldestCompiler, missing: noOldest } = oldestTypeScript;

// Names that a worker or Node lacks are found above, and what does not go with the libraries of TypeScript itself.
test.skipIf(noOldest)(`TypeScript ${oldest} checks them for a page${noOldest ? ` (${noOldest})` : ""}`, async () => {
  expect(await typeErrors(project, oldestCompiler, "oldest", { ...page, ...bundled, skipDefaultLibCheck: true })).toBe(
    "",
  );
});

test("docs/library.md names the oldest TypeScript", async () => {
  expect(await readFile("docs/library.md", "utf8")).toContain(`TypeScript ${oldest.replace(/\.\d+$/, "")} or later`);
});

/** Modules that a script asks for by name, at its start or later. */
async function modulesAskedFor(file: string): Promise<string[]> {
  const asked: string[] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const { type, source } = node as { type?: string; source?: { value?: unknown } };
    if (/^(Import|Export)/.test(type ?? "") && typeof source?.value === "string") asked.push(source.value);
    for (const value of Object.values(node)) walk(value);
  };
  walk(await parseAstAsync(await readFile(file, "utf8")));
  return asked;
}

test("all of shaderformer/train is for pages too: it asks for nothing that only Node has", async () => {
  const outdir = join(folder, "training");
  await esbuild({
    absWorkingDir: project,
    outdir,
    logLevel: "silent",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    stdin: { contents: 'export * from "shaderformer/train";', resolveDir: project },
  });
  const files = await readdir(outdir);
  const asked = (await Promise.all(files.map((file) => modulesAskedFor(join(outdir, file))))).flat();
  expect(files.length).toBeGreaterThan(1);
  expect(asked.filter((id) => !/^\.{0,2}\//.test(id) && id !== "webgpu" && id !== "koffi")).toEqual([]);
});

const bundlers: Readonly<Record<string, (out: string) => Promise<unknown>>> = {
  esbuild: async (outdir) => {
    const common = { bundle: true, format: "esm", platform: "browser", logLevel: "silent" } as const;
    const entryPoints = ["main.js"];
    const { warnings } = await esbuild({ ...common, absWorkingDir: project, entryPoints, outdir, splitting: true });
    expect(warnings).toEqual([]);
    await cp(join(project, "index.html"), join(outdir, "index.html"));
  },
  vite: (outDir) => vite({ root: project, base: "./", configFile: false, logLevel: "error", build: { outDir } }),
};

describe("a page", () => {
  test.each(Object.keys(bundlers))("bundled by %s builds, and asks for nothing that only Node has", async (name) => {
    const out = join(folder, name);
    await bundlers[name]?.(out);
    const files = (await readdir(out, { recursive: true })).filter((file) => file.endsWith(".js"));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const asked = await modulesAskedFor(join(out, file));
      // Dawn is imported only in Node; bundlers that resolve the variable leave the import alone, and esbuild does not
      // resolve it.
      expect(asked.filter((id) => !/^\.{0,2}\//.test(id) && id !== "webgpu" && id !== "koffi")).toEqual([]);
      expect(await readFile(join(out, file), "utf8")).not.toContain("__vite-browser-external");
    }
  });

  // Examples that Vite bundles generate texts: test/outside/examples/projects.test.ts.
  test.skipIf(noChromium)(`computes in headless Chromium${noChromium ? ` (${noChromium})` : ""}`, async () => {
    const browser = await sharedChromium();
    const server = await serveSite({ folders: { "/": join(folder, "esbuild") } });
    try {
      const { page, errors } = await openPage(browser, `${server.origin}/index.html`);
      const ready = page.waitForFunction("globalThis.result", undefined, { timeout: 30_000 });
      const failed = ready.catch(() => Promise.reject(new Error(`no result; the page says: ${errors.join("; ")}`)));
      const { adapter, y } = (await (await failed).jsonValue()) as { adapter: string; y: number[] };
      expect(adapter).not.toBe("");
      assertClose(y, expected, 1e-12, "rmsNorm in Chromium");
    } finally {
      await closePages(browser);
      await server.close();
    }
  });
});
