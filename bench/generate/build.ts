import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BuildOptions } from "esbuild";
import { openFolder } from "shaderformer";
import { openWeights } from "../../src/formats/weights.ts";
import { onnxModel } from "../harness/onnx.ts";
import { type LlamaFile, llamaGraph } from "./llama-onnx.ts";
import { repositories } from "./repositories.ts";
import { transformersExports, transformersWasm } from "./transformers.ts";

/** The packages to compare with. */
export const transformersPackages = {
  source: "bench/generate",
  folder: "generate-packages",
  what: "transformers.js into .cache/peers (480 MB, once)",
} as const;

/** The files of a model other than its weights. */
const textFiles = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"];

/** The inputs of the build. */
export interface Parts {
  readonly root: string;
  /** The model's folder: a Llama checkpoint. */
  readonly model: string;
  /** The `node_modules` of transformers.js; without it, only this engine is built. */
  readonly modules?: string | undefined;
  /** The output folder. */
  readonly folder: string;
}

/** The output: a site with the model and a page for each subject, and the script of a Node process. */
export interface Built {
  readonly site: string;
  readonly nodeScript: string;
}

/**
 * Bundles a page for each subject, minified, like a user's project; this engine from the package's dist.
 * Transformers.js gets the model as ONNX.
 */
export async function buildSubjects({ root, model, modules, folder }: Parts): Promise<Built> {
  await rm(folder, { recursive: true, force: true });
  const site = join(folder, "site");
  const nodeScript = join(folder, "node.mjs");
  const entry = (name: string) => join(root, "bench", "generate", "subjects", `${name}.ts`);
  const alias = { shaderformer: join(root, "dist", "index.js") };
  const page = (name: string) => bundle({ entryPoints: [entry(name)], outdir: join(site, name), alias });
  await Promise.all([
    page("main"),
    page("worker"),
    bundle({
      stdin: { contents: 'import "./worker.js";', resolveDir: join(root, "dist"), sourcefile: "engine-worker.js" },
      outdir: join(site, "worker"),
      entryNames: "engine-worker",
    }),
    bundle({
      entryPoints: [entry("node")],
      outfile: nodeScript,
      platform: "node",
      packages: "external",
      splitting: false,
      minify: false,
    }),
    writeRepository(model, site),
    ...(modules === undefined ? [] : [buildTransformers(entry("transformers"), site, model, modules)]),
  ]);
  const head = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">';
  for (const name of ["main", "worker", ...(modules === undefined ? [] : ["transformers"])]) {
    await writeFile(join(site, name, "index.html"), `${head}<script type="module" src="${name}.js"></script>`);
  }
  return { site, nodeScript };
}

async function buildTransformers(entry: string, site: string, model: string, modules: string): Promise<void> {
  const folder = join(site, "transformers");
  await Promise.all([
    bundle({ entryPoints: [entry], outdir: folder }),
    bundleTransformers(modules, join(folder, "vendor.js")),
    writeOnnx(model, join(site, repositories.onnx, "resolve", "main")),
  ]);
}

/** Bundles transformers.js into a file, next to the files that it loads itself. */
export async function bundleTransformers(modules: string, outfile: string): Promise<void> {
  const contents = `export { ${transformersExports} } from "@huggingface/transformers";`;
  await bundle({ stdin: { contents, resolveDir: join(modules, "..") }, outfile, splitting: false });
  for (const kind of ["mjs", "wasm"]) {
    const file = `${transformersWasm}.${kind}`;
    await copyFile(join(modules, "onnxruntime-web", "dist", file), join(dirname(outfile), file));
  }
}

/** Writes a checkpoint as a repository that transformers.js loads. */
export async function writeOnnx(model: string, to: string): Promise<void> {
  await copyFiles(model, to, textFiles);
  await mkdir(join(to, "onnx"), { recursive: true });
  await writeFile(join(to, "onnx", "model.onnx"), await onnxOf(model));
}

/** The bytes of a checkpoint's ONNX model. Throws a RangeError for one that is not a Llama with f16 weights. */
export async function onnxOf(folder: string): Promise<Uint8Array<ArrayBuffer>> {
  const config: LlamaFile = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  return onnxModel(await llamaGraph(config, await openWeights(await openFolder(folder))));
}

async function copyFiles(from: string, to: string, files: readonly string[]): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const file of files) await copyFile(join(from, file), join(to, file));
}

/** Writes a model as on a hub: its files at a commit, and their description by the hub's interface. */
async function writeRepository(model: string, site: string): Promise<void> {
  const weights = "model.safetensors";
  const bytes = await readFile(join(model, weights));
  const digest = (algorithm: string) => createHash(algorithm).update(bytes).digest("hex");
  const commit = digest("sha1");
  const siblings = [
    ...textFiles.map((rfilename) => ({ rfilename })),
    { rfilename: weights, size: bytes.length, lfs: { sha256: digest("sha256"), size: bytes.length } },
  ];
  const about = join(site, "api", "models", repositories.safetensors, "revision");
  await copyFiles(model, join(site, repositories.safetensors, "resolve", commit), [...textFiles, weights]);
  await mkdir(about, { recursive: true });
  await writeFile(join(about, "main"), JSON.stringify({ sha: commit, siblings }));
}

async function bundle(options: BuildOptions): Promise<void> {
  const { build } = await import("esbuild");
  await build({
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    splitting: true,
    minify: true,
    legalComments: "none",
    define: { "process.env.NODE_ENV": '"production"' },
    tsconfigRaw: {}, // the compiler's configuration maps the package's name to its source
    logLevel: "error",
    ...options,
  });
}
