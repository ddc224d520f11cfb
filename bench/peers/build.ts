import { copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { BuildOptions } from "esbuild";

/** The files of onnxruntime-web that its WebGPU build loads by itself. */
const wasm = "ort-wasm-simd-threaded.asyncify";

/** What goes into a page. */
export interface PageParts {
  readonly root: string;
  /** The `node_modules` of the peers. */
  readonly modules: string;
  /** The script that starts the page, in the repository. */
  readonly entry?: string;
  readonly folder: string;
}

/**
 * Builds the page: a folder of files that any web server can serve. A peer's own code is a file of its own, as its
 * package has it, and is loaded when that peer is measured.
 */
export async function buildPage({
  root,
  modules,
  entry = "bench/peers/page/main.ts",
  folder,
}: PageParts): Promise<void> {
  const { build } = await import("esbuild");
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, "vendor"), { recursive: true });
  const common = {
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    legalComments: "eof",
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "error",
  } as const satisfies BuildOptions;
  const versionOf = async (name: string) =>
    JSON.parse(await readFile(join(modules, ...name.split("/"), "package.json"), "utf8")).version as string;
  const vendor = (outfile: string, contents: string) =>
    build({
      ...common,
      outfile: join(folder, "vendor", outfile),
      stdin: { contents, resolveDir: join(modules, "..") },
    });
  await Promise.all([
    build({
      ...common,
      entryPoints: { page: entry, "truth-worker": "bench/peers/truth-worker.ts" },
      outdir: folder,
      loader: { ".wgsl": "text" },
    }),
    build({ ...common, entryPoints: { page: "bench/peers/page/page.css" }, outdir: folder }),
    vendor(
      "jax.js",
      `export * from "@jax-js/jax"; export const version = ${JSON.stringify(await versionOf("@jax-js/jax"))};`,
    ),
    vendor("tensorflow.js", 'export * from "@tensorflow/tfjs-core"; import "@tensorflow/tfjs-backend-webgpu";'),
    copyFile(join(root, "bench/peers/page/index.html"), join(folder, "index.html")),
    ...[
      ["ort.webgpu.min.mjs", "onnxruntime.mjs"],
      [`${wasm}.mjs`, `${wasm}.mjs`],
      [`${wasm}.wasm`, `${wasm}.wasm`],
    ].map(([from = "", to = ""]) =>
      copyFile(join(modules, "onnxruntime-web", "dist", from), join(folder, "vendor", to)),
    ),
  ]);
}
