import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BuildOptions } from "esbuild";
import type { UserConfig } from "vite";
import { toGguf } from "../../../src/convert/to-gguf.ts";
import { openModel } from "../../../src/index.ts";
import { bundleTransformers, writeOnnx } from "../../generate/build.ts";
import { copyWllama } from "../../wllama/build.ts";
import { textModel } from "../generate.ts";
import type { PeerModules } from "./packages.ts";

/** The files that onnxruntime-web's WebGPU build loads itself. */
const wasm = "ort-wasm-simd-threaded.asyncify";

/** The files that its CPU build loads. */
const plainWasm = "ort-wasm-simd-threaded";

/** The inputs of the site. */
export interface SiteParts {
  readonly root: string;
  /** The folders `node_modules` of the peers. */
  readonly modules: PeerModules;
  /**
   * The script that starts the peers page, in the repository; default the page's own, in the whole site. If set, only
   * that page is built.
   */
  readonly entry?: string;
  /** The output folder. */
  readonly folder: string;
}

/** Builds the site with the peers in it: a folder of files that any web server can serve. */
export async function buildSite({ root, modules, entry, folder }: SiteParts): Promise<void> {
  await buildPeers(root, modules);
  const { build } = await import("vite");
  const start = {
    name: "entry of the peers page",
    enforce: "pre",
    config: ({ build: { rolldownOptions = {} } = {} }: UserConfig) => {
      if (entry) rolldownOptions.input = join(root, "site", "peers", "index.html");
    },
    resolveId: (id: string, importer?: string) =>
      entry && id.endsWith("/main.tsx") && importer?.includes("/peers/index.html") ? join(root, entry) : undefined,
  } as const;
  await build({
    configFile: join(root, "vite.config.ts"),
    logLevel: "error",
    plugins: [start],
    build: { outDir: folder },
  });
}

/**
 * Copies each peer's code unchanged to Vite's public folder, as a separate file that the page loads when that peer is
 * measured.
 */
async function buildPeers(root: string, { arrays: modules, transformers, wllama }: PeerModules): Promise<void> {
  const { build } = await import("esbuild");
  const vendor = join(root, ".cache", "peers", "public", "peers", "vendor");
  await rm(vendor, { recursive: true, force: true });
  await mkdir(vendor, { recursive: true });
  const model = join(root, "examples", "models", textModel.name);
  const versionOf = async (name: string, from = modules) =>
    JSON.parse(await readFile(join(from, ...name.split("/"), "package.json"), "utf8")).version as string;
  const bundle = (outfile: string, contents: string) =>
    build({
      bundle: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
      minify: true,
      legalComments: "eof",
      define: { "process.env.NODE_ENV": '"production"' },
      logLevel: "error",
      outfile: join(vendor, outfile),
      stdin: { contents, resolveDir: join(modules, "..") },
    } satisfies BuildOptions);
  await Promise.all([
    bundle(
      "jax.js",
      `export * from "@jax-js/jax"; export const version = ${JSON.stringify(await versionOf("@jax-js/jax"))};`,
    ),
    bundle("tensorflow.js", 'export * from "@tensorflow/tfjs-core"; import "@tensorflow/tfjs-backend-webgpu";'),
    ...[
      ["ort.webgpu.min.mjs", "onnxruntime.mjs"],
      [`${wasm}.mjs`, `${wasm}.mjs`],
      [`${wasm}.wasm`, `${wasm}.wasm`],
      ["ort.wasm.min.mjs", "onnxruntime-wasm.mjs"],
      [`${plainWasm}.mjs`, `${plainWasm}.mjs`],
      [`${plainWasm}.wasm`, `${plainWasm}.wasm`],
    ].map(([from = "", to = ""]) => copyFile(join(modules, "onnxruntime-web", "dist", from), join(vendor, to))),
    mkdir(join(vendor, "transformers")).then(() =>
      bundleTransformers(transformers, join(vendor, "transformers", "transformers.js")),
    ),
    writeOnnx(model, join(vendor, `${textModel.name}-onnx`)),
    copyWllama(wllama, vendor),
    versionOf("@wllama/wllama", wllama).then((version) =>
      writeFile(join(vendor, "wllama-version.js"), `export const version = ${JSON.stringify(version)};\n`),
    ),
    openModel(model).then(async (source) =>
      writeFile(join(vendor, `${textModel.name}.gguf`), (await toGguf(source, { dtype: "f16" })).pieces()),
    ),
  ]);
}
