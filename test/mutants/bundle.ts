import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { build, type Plugin } from "esbuild";
import { wgslEsbuild } from "../../src/build/wgsl.ts";

/** A file and the text that takes the place of its own. */
export interface Replaced {
  readonly file: string;
  readonly text: string;
}

/** Bundles the worker with test files, under `test/kernels`, that it imports one after the other. */
export async function bundleWorker(outfile: string, tests: readonly string[], replaced?: Replaced): Promise<void> {
  const imports = tests.map((file) => `${JSON.stringify(file)}: () => import("../kernels/${file}"),`);
  await build({
    stdin: {
      contents: `import { work } from "./worker.ts";\nawait work({\n${imports.join("\n")}\n});`,
      resolveDir: resolve("test/mutants"),
      loader: "ts",
    },
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "es2022",
    plugins: [wgslEsbuild(), standIns(replaced)],
    packages: "external",
    logLevel: "error",
  });
}

/** Puts our stand-ins in the place of vitest and of the test devices, and mutated text in the place of a file's own. */
function standIns(replaced: Replaced | undefined): Plugin {
  return {
    name: "stand-ins",
    setup(setup) {
      const collect = resolve("test/mutants/collect.ts");
      setup.onResolve({ filter: /^vitest$/ }, ({ importer }) => (importer === collect ? undefined : { path: collect }));
      setup.onResolve({ filter: /support\/gpu\.ts$|^\.\/gpu\.ts$/ }, ({ path, resolveDir }) =>
        resolve(resolveDir, path) === resolve("test/support/gpu.ts")
          ? { path: resolve("test/mutants/devices.ts") }
          : undefined,
      );
      setup.onResolve({ filter: /^#shaders\// }, ({ path }) => ({ path: resolve(path.slice(1)) }));
      if (!replaced) return;
      setup.onLoad({ filter: /\.ts$/ }, async ({ path }) => ({
        contents: path === resolve(replaced.file) ? replaced.text : await readFile(path, "utf8"),
        loader: "ts",
      }));
    },
  };
}
