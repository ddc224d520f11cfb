// Builds dist/: an ES module for each source file and each shader, so that a bundler includes only what a page uses;
// shaders without their comments; and the types. Packages stay external, and Node's modules are loaded at run time, so
// the library can also be bundled for browsers.
import { execFile } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const run = promisify(execFile);

/** The source files of the package's entries. All except the command line are libraries. */
const entries = [
  ...["src/index.ts", "src/attention.ts", "src/encoders.ts", "src/check/index.ts", "src/reference/index.ts"],
  "src/train/index.ts",
  "src/words.ts",
  "src/wgsl-run.ts",
  "src/worker.ts",
];
const commandLine = "src/cli/main.ts";

const common = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  logLevel: "warning",
};

/** The loader for WGSL files: built first, because the build needs it, as do users of the package. */
const buildLoader = () =>
  build({ ...common, entryPoints: { wgsl: "src/wgsl-loader.ts" }, outdir: "dist", platform: "node" });

/** The path in dist of a source file's module. */
function outputOf(file) {
  const path = relative(root, file).replaceAll("\\", "/");
  if (path === commandLine) return "cli.js";
  return path.replace(/^src\//, "").replace(/\.(ts|wgsl)$/, ".js");
}

/** The files that the entries import, shaders included, without imports of types only. */
async function reachable(plugins) {
  const { metafile } = await build({
    ...common,
    entryPoints: [...entries, commandLine],
    platform: "neutral",
    external: ["node:*"],
    plugins: [packagesStay, ...plugins],
    outdir: "dist",
    splitting: true,
    write: false,
    metafile: true,
  });
  return Object.keys(metafile.inputs).filter((file) => /\.(ts|wgsl)$/.test(file));
}

/** Imports of packages stay; `#shaders/…` looks like a package but belongs to this project. */
const packagesStay = {
  name: "packages",
  setup({ onResolve }) {
    onResolve({ filter: /^[^.#/\\]/ }, ({ path, kind }) =>
      kind === "entry-point" ? undefined : { path, external: true },
    );
  },
};

/** Imports of source files become imports of their modules in dist. */
const filesApart = {
  name: "files apart",
  setup({ onResolve }) {
    onResolve({ filter: /\.(ts|wgsl)$/ }, ({ path, kind, importer, resolveDir }) => {
      if (kind === "entry-point") return undefined;
      const target = path.startsWith("#shaders/") ? resolve(root, path.slice(1)) : resolve(resolveDir, path);
      const way = relative(dirname(outputOf(importer)), outputOf(target)).replaceAll("\\", "/");
      return { path: way.startsWith(".") ? way : `./${way}`, external: true, sideEffects: false };
    });
  },
};

/**
 * Modules loaded at run time, each in one file with its imports, except for the error classes and the JSON reader. If
 * the imports were separate files, bundlers would add those shared with the index to every page, used or not.
 */
const inOneFile = ["src/formats/hub/entry.ts", "src/gpu/device/adapter-node.ts"];
const staysApart =
  /\/(options\/errors|formats\/(format-error|json\/strict-json)|gpu\/errors|hub\/(sha256-wasm|samples|hub-problem|patient-fetch))\.ts$/;

/** A module with the package from which it uses one function, and that package's licence. */
const withPackage = "src/formats/hub/sha256-wasm.ts";

const othersApart = (entry) => ({
  name: "others apart",
  setup({ onResolve }) {
    onResolve({ filter: /\.ts$/ }, ({ path, kind, resolveDir }) => {
      const target = resolve(resolveDir, path).replaceAll("\\", "/");
      if (kind === "entry-point" || !staysApart.test(target)) return undefined;
      const way = relative(dirname(outputOf(resolve(root, entry))), outputOf(target)).replaceAll("\\", "/");
      return { path: way.startsWith(".") ? way : `./${way}`, external: true, sideEffects: false };
    });
  },
});

/** Builds a module with its imports inlined; returns its file. */
async function buildInOneFile(entry) {
  const outfile = `dist/${outputOf(resolve(root, entry)).replaceAll("\\", "/")}`;
  const own = entry === withPackage;
  const plugins = own ? [] : [packagesStay, othersApart(entry)];
  const licence = own ? await readFile(join(root, "node_modules/hash-wasm/LICENSE"), "utf8") : "";
  const rest = own
    ? { platform: "browser", minify: true, banner: { js: `/*! hash-wasm\n\n${licence}*/` } }
    : { platform: "neutral", external: ["node:*"] };
  await build({ ...common, entryPoints: [entry], outfile, plugins, ...rest });
  return outfile;
}

async function buildModules(plugins) {
  const files = (await reachable(plugins)).filter((file) => ![...inOneFile, withPackage].includes(file));
  const entryPoints = files.map((file) => ({ in: file, out: outputOf(resolve(root, file)).replace(/\.js$/, "") }));
  const { metafile } = await build({
    ...common,
    entryPoints: entryPoints.map(({ in: file, out }) => ({ in: resolve(root, file), out })),
    platform: "neutral",
    plugins: [packagesStay, filesApart, ...plugins],
    outdir: "dist",
    metafile: true,
  });
  return Object.keys(metafile.outputs);
}

/**
 * The entries, rewritten as star exports of modules that list each file's names. Otherwise, if a page imports a module
 * later, esbuild would put everything that the module shares with an entry's names into the page's first files, used or
 * not: names that an entry exports count as its imports, star exports do not.
 */
async function entriesByStars() {
  const made = [];
  for (const entry of entries) {
    const file = outputOf(resolve(root, entry));
    const text = await readFile(join(dist, file), "utf8");
    const named = /^import \{([^}]*)\} from "([^"]+)";\n/gm;
    const end = /^export \{([^}]*)\};\n/m;
    const star = /^export \* from "[^"]+";\n/gm;
    const rest = [named, end, star, /^\/\/.*\n/gm].reduce((left, part) => left.replace(part, ""), text);
    if (rest.trim() !== "") continue; // it contains code
    const pairs = (list) => list.split(",").flatMap((item) => (item.trim() ? [item.trim().split(" as ")] : []));
    const exported = pairs(end.exec(text)?.[1] ?? "");
    const stars = [...text.matchAll(star)].map(([line]) => line);
    for (const [, list, target] of text.matchAll(named)) {
      const way = join(dirname(file), target);
      const names = pairs(list).flatMap(([name, local = name]) =>
        exported.filter(([own]) => own === local).map(([own, given = own]) => `${name} as ${given}`),
      );
      const wrapper = join("exports", file.replace(/\.js$/, ""), way);
      await mkdir(dirname(join(dist, wrapper)), { recursive: true });
      const from = JSON.stringify(slashed(relative(dirname(wrapper), way)));
      await writeFile(join(dist, wrapper), `export { ${names.join(", ")} } from ${from};\n`);
      stars.push(`export * from ${JSON.stringify(slashed(relative(dirname(file), wrapper)))};\n`);
      made.push(`dist/${wrapper.replaceAll("\\", "/")}`);
    }
    await writeFile(join(dist, file), stars.join(""));
  }
  return made;
}

/** A path relative to a module, as written in imports. */
const slashed = (path) => `./${path.replaceAll("\\", "/")}`;

/**
 * The worker that `createWorkerEngine` starts by default, with all packages included, because import maps do not apply
 * to workers.
 */
async function bundleWorker() {
  const outfile = "dist/engine-worker.js";
  const external = ["node:*", "webgpu", "koffi", "@mlc-ai/web-xgrammar"]; // the last is loaded on demand
  await build({ ...common, entryPoints: ["dist/worker.js"], outfile, external, minify: true, platform: "browser" });
  return outfile;
}

/** TypeScript's command; this version of the package has no other interface. */
const declare = () =>
  run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json"], { cwd: root });

/**
 * Names of WebGPU and of the web that the types use. A project gets them from "dom", "webworker" or Node's types, and
 * before TypeScript 6 WebGPU's from @webgpu/types; those that it does not have are declared empty. A reference to "dom"
 * would conflict with "webworker".
 */
const webGpu = [
  ..."Adapter BindGroup BindGroupEntry BindGroupLayout Buffer CommandEncoder CompilationMessage".split(" "),
  ..."ComputePassTimestampWrites ComputePipeline Device SupportedLimits".split(" "),
].map((name) => `GPU${name}`);
const web = ["AbortSignal", "Blob", "MessageEvent<T = any>", "MessagePort", "RequestInit", "Response", "URL"];
const missing = ["HTMLImageElement"]; // used by @webgpu/types in a worker
const globals = [...webGpu, ...web, ...missing];
const globalsFile = globals.map((name) => `interface ${name} {}\n`).join("");
/** The library of `Symbol.dispose`, and the names above. */
const references = (toRoot) =>
  `/// <reference lib="esnext.disposable" />\n/// <reference path="${toRoot}globals.d.ts" />\n`;
/**
 * Typed arrays had no type parameter before TypeScript 5.7. If it is not any buffer, the type of a constructor call
 * expresses it without naming it.
 */
const withoutParameters = (text) =>
  text
    .replaceAll(/\b((?:Float|Uint|Int|BigUint|BigInt)\d+Array)<ArrayBufferLike>/g, "$1")
    .replaceAll(/\b((?:Float|Uint|Int|BigUint|BigInt)\d+Array)<ArrayBuffer>/g, 'ReturnType<$1Constructor["of"]>');
const beforeTypeScript6 = (entry) => `/// <reference types="@webgpu/types" />\nexport * from "./${entry}.js";\n`;

try {
  await rm(join(dist, "types"), { recursive: true, force: true });
  await buildLoader();
  const { wgslEsbuild } = await import(pathToFileURL(join(dist, "wgsl.js")).href);
  const [outputs, ...apart] = await Promise.all([
    buildModules([wgslEsbuild({ comments: false })]),
    ...[...inOneFile, withPackage].map(buildInOneFile),
    declare(),
  ]);
  await finishTypes(join(dist, "types"));
  const named = await entriesByStars();
  await removeStale(new Set([...outputs, "dist/wgsl.js", ...apart, ...named, await bundleWorker()]));
  const now = new Date(); // esbuild does not rewrite unchanged files, and their age shows whether dist is up to date
  await utimes(join(dist, "cli.js"), now, now);
} catch (error) {
  // esbuild has printed its errors; tsc prints them on stdout.
  const said = error?.stdout || (error?.errors ? "" : String(error?.message ?? error));
  if (said) console.error(said.trim());
  process.exitCode = 1;
}

/** Declarations keep `.ts` in imports, which users' compilers reject. */
async function finishTypes(folder) {
  await copyFile(join(root, "src/wgsl.d.ts"), join(folder, "wgsl.d.ts"));
  const types = entries.map((entry) => outputOf(resolve(root, entry)).replace(/\.js$/, ""));
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith(".d.ts")) continue;
    const file = join(folder, name);
    const given = (await readFile(file, "utf8")).replace(/(["'])(\.{1,2}\/[^"']+)(?<!\.d)\.ts\1/g, "$1$2.js$1");
    const text = withoutParameters(given);
    const isEntry = types.includes(name.replaceAll("\\", "/").replace(/\.d\.ts$/, ""));
    const toRoot = relative(dirname(file), folder).replaceAll("\\", "/");
    await writeFile(file, isEntry ? references(toRoot === "" ? "./" : `${toRoot}/`) + text : text);
  }
  await writeFile(join(folder, "globals.d.ts"), globalsFile);
  for (const entry of types) {
    const name = entry.split("/").at(-1);
    await writeFile(join(folder, dirname(entry), `${name}.before-typescript-6.d.ts`), beforeTypeScript6(name));
  }
}

/** Removes modules of earlier builds whose sources no longer exist. */
async function removeStale(outputs) {
  for (const file of await readdir(dist, { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name);
    const name = relative(root, path).replaceAll("\\", "/");
    if (file.isFile() && name.endsWith(".js") && !outputs.has(name)) await rm(path);
  }
}
