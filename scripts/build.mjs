// Builds dist/: the library and the command line as ES modules, shaders inside without their comments, and the library's types.
// Packages stay imports, and what only Node has is reached at run time, so the library bundles for the browser too.
import { execFile } from "node:child_process";
import { chmod, copyFile, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const run = promisify(execFile);

/** The loader of WGSL files: built first, because the build needs it and so does who installs the package. */
const buildLoader = () =>
  build({
    absWorkingDir: root,
    entryPoints: { wgsl: "src/build/wgsl.ts" },
    outdir: "dist",
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "node",
    legalComments: "none",
    logLevel: "warning",
  });

const bundle = (wgslEsbuild) =>
  build({
    absWorkingDir: root,
    entryPoints: { index: "src/index.ts", cli: "src/cli/main.ts" },
    outdir: "dist",
    bundle: true,
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    format: "esm",
    target: "es2022",
    platform: "neutral",
    // Packages by name: "#shaders/…" looks like one, and has to be bundled.
    // The last three are for development: `bench peers` loads them where it finds a checkout.
    external: ["node:*", "@huggingface/*", "commander", "cli-progress", "esbuild", "playwright-core", "vite"],
    plugins: [wgslEsbuild({ comments: false })],
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
  });

/** TypeScript's command in this version of it: the package has no other interface. */
const declare = () =>
  run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json"], { cwd: root });

/** What the types stand on: WebGPU, which is part of "dom" since TypeScript 6, and `Symbol.dispose`. */
const references = '/// <reference lib="dom" />\n/// <reference lib="esnext.disposable" />\n';
const beforeTypeScript6 = '/// <reference types="@webgpu/types" />\nexport * from "./index.js";\n';

try {
  await rm(join(dist, "types"), { recursive: true, force: true });
  await buildLoader();
  const { wgslEsbuild } = await import(pathToFileURL(join(dist, "wgsl.js")).href);
  const [{ metafile }] = await Promise.all([bundle(wgslEsbuild), declare()]);
  await finishTypes(join(dist, "types"));
  await removeStale(Object.keys(metafile.outputs));
  await chmod(join(dist, "cli.js"), 0o755);
  const now = new Date(); // esbuild leaves a file alone that has not changed, and its age says whether dist is fresh
  await utimes(join(dist, "cli.js"), now, now);
} catch (error) {
  // esbuild has said what is wrong; tsc says it on stdout.
  const said = error?.stdout || (error?.errors ? "" : String(error?.message ?? error));
  if (said) console.error(said.trim());
  process.exitCode = 1;
}

/** Declarations keep the `.ts` of our imports, which users' compilers do not take. */
async function finishTypes(folder) {
  await copyFile(join(root, "src/wgsl.d.ts"), join(folder, "wgsl.d.ts"));
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith(".d.ts")) continue;
    const file = join(folder, name);
    const text = (await readFile(file, "utf8")).replace(/(["'])(\.{1,2}\/[^"']+)(?<!\.d)\.ts\1/g, "$1$2.js$1");
    await writeFile(file, name === "index.d.ts" ? references + text : text);
  }
  await writeFile(join(folder, "before-typescript-6.d.ts"), beforeTypeScript6);
}

/** Removes chunks of earlier builds: their names change with their content. */
async function removeStale(outputs) {
  const fresh = new Set(outputs.map((path) => path.split("/").at(-1)));
  const chunks = join(dist, "chunks");
  for (const file of await readdir(chunks)) if (!fresh.has(file)) await rm(join(chunks, file));
}
