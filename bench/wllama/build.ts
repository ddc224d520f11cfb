import { copyFile, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { wgslEsbuild } from "../../src/wgsl-loader.ts";

/** The package to compare with. */
export const wllamaPackage = {
  source: "bench/wllama",
  folder: "wllama",
  what: "wllama into .cache/peers (12 MB, once)",
} as const;

/** The inputs of the page. */
export interface WllamaSite {
  readonly root: string;
  /** The `node_modules` of wllama. */
  readonly modules: string;
  /** A GGUF file. */
  readonly file: string;
  /** The output folder. */
  readonly folder: string;
}

/** Copies wllama's module and WebAssembly, unchanged, to a folder from which a page loads them. */
export async function copyWllama(modules: string, folder: string): Promise<void> {
  const from = join(modules, "@wllama", "wllama", "esm");
  await copyFile(join(from, "index.js"), join(folder, "wllama.js"));
  await copyFile(join(from, "wasm", "wllama.wasm"), join(folder, "wllama.wasm"));
}

/** Builds the page with wllama and the model next to it. */
export async function buildWllamaSite({ root, modules, file, folder }: WllamaSite): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const { build } = await import("esbuild");
  await build({
    entryPoints: [join(root, "bench", "wllama", "page.ts")],
    outdir: folder,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    splitting: true,
    minify: true,
    external: ["node:*", "webgpu"],
    plugins: [wgslEsbuild({ comments: false })],
    logLevel: "error",
  });
  await copyWllama(modules, folder);
  await symlink(resolve(file), join(folder, "model.gguf"));
  const head = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">';
  await writeFile(join(folder, "index.html"), `${head}<script type="module" src="page.js"></script>`);
}
