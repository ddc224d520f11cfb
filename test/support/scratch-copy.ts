import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import type * as Loader from "../../src/wgsl-loader.ts";

const run = promisify(execFile);

/** A copy of the clone in which a guide is followed. */
export interface ScratchCopy {
  readonly folder: string;
  /** Runs Node in it. */
  readonly node: (...args: string[]) => Promise<{ stdout: string; stderr: string }>;
  /** Bundles files of it, with their shaders, to `out/NAME.mjs`. */
  readonly bundle: (entryPoints: Readonly<Record<string, string>>) => Promise<void>;
  /** What TypeScript says of texts by name, and of files of the copy, by the clone's options: empty if all is well. */
  readonly typeErrors: (texts: Readonly<Record<string, string>>, files: readonly string[]) => Promise<string>;
  readonly remove: () => Promise<void>;
}

/** Copies what a guide's reader works in: sources, shaders, benches, pages and docs. */
export async function scratchCopy(): Promise<ScratchCopy> {
  const folder = await mkdtemp(join(tmpdir(), "shaderformer-guide-"));
  const paths = [
    "src",
    "shaders",
    "bench",
    "site",
    "scripts",
    "docs",
    "test/wgsl/traffic/figures.ts", // of which docs/guarantees.md has a list
    "examples/02-matmul-ladder",
    "package.json",
    "tsconfig.json",
  ];
  await Promise.all(paths.map((path) => cp(path, join(folder, path), { recursive: true })));
  await symlink(resolve("node_modules"), join(folder, "node_modules"));
  // llvmpipe's narrowest vectors: shaders take two thirds of the time to compile.
  const env = { ...process.env, LP_NATIVE_VECTOR_WIDTH: "128" };
  const node = (...args: string[]) => run(process.execPath, args, { cwd: folder, env, maxBuffer: 1 << 26 });
  return {
    folder,
    node,
    typeErrors: async (texts, files) => {
      for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text);
      const checked = [...Object.keys(texts), ...files, "src/wgsl.d.ts"];
      const config = { extends: "./tsconfig.json", include: [], files: checked };
      await writeFile(join(folder, "tsconfig.guide.json"), JSON.stringify(config));
      const said = await node("node_modules/typescript/bin/tsc", "-p", "tsconfig.guide.json").catch(
        ({ stdout }: { stdout: string }) => ({ stdout }),
      );
      return said.stdout;
    },
    bundle: async (entryPoints) => {
      const common = {
        absWorkingDir: folder,
        bundle: true,
        format: "esm",
        target: "es2022",
        logLevel: "error",
      } as const;
      await build({ ...common, entryPoints: { wgsl: "src/wgsl-loader.ts" }, outdir: "dist", platform: "node" });
      const { wgslEsbuild } = (await import(pathToFileURL(join(folder, "dist/wgsl.js")).href)) as typeof Loader;
      await build({
        ...common,
        entryPoints,
        outdir: "out",
        outExtension: { ".js": ".mjs" },
        splitting: true,
        platform: "neutral",
        external: [
          "node:*",
          "@huggingface/*",
          "commander",
          "cli-progress",
          "esbuild",
          "playwright-core",
          "prom-client",
          "vite",
          "webgpu",
        ],
        mainFields: ["module", "main"],
        plugins: [wgslEsbuild()],
      });
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
