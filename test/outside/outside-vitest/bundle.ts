import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";
import { wgslEsbuild } from "../../../src/wgsl-loader.ts";

/** A file and the text that replaces its own. */
export interface Replaced {
  readonly file: string;
  readonly text: string;
}

/** What another process than vitest's runs. */
export interface Bundled {
  readonly outfile: string;
  /** A module whose `work` is called with a function for each test file, which imports it. */
  readonly worker: string;
  /** Files of `test/`, such as `kernels/fill.test.ts`. */
  readonly tests: readonly string[];
  /** Modules of ours by the module that takes their place. */
  readonly standIns?: Readonly<Record<string, string>>;
  readonly replaced?: Replaced | undefined;
}

/** Bundles a worker with the test files that it imports when it needs them; says which file imports which. */
export async function bundleTests({ outfile, worker, tests, standIns, replaced }: Bundled): Promise<Metafile> {
  const imports = tests.map((file) => `${JSON.stringify(file)}: () => import("./test/${file}"),`);
  const { metafile } = await build({
    stdin: {
      contents: `import { work } from "./${worker}";\nawait work({\n${imports.join("\n")}\n});`,
      resolveDir: resolve("."),
      loader: "ts",
    },
    outfile,
    metafile: true,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "es2022",
    plugins: [
      wgslEsbuild(),
      inPlaceOf({ "test/support/devices/gpu.ts": "test/outside/outside-vitest/devices.ts", ...standIns }, replaced),
    ],
    packages: "external",
    logLevel: "error",
  });
  return metafile;
}

/** Replaces vitest and other modules by stand-ins, and files by changed texts. */
function inPlaceOf(modules: Readonly<Record<string, string>>, replaced: Replaced | undefined): Plugin {
  const places = new Map(Object.entries(modules).map(([module, place]) => [resolve(module), resolve(place)]));
  return {
    name: "stand-ins",
    setup(setup) {
      const collect = resolve("test/outside/outside-vitest/collect.ts");
      setup.onResolve({ filter: /^vitest$/ }, ({ importer }) => (importer === collect ? undefined : { path: collect }));
      setup.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, resolveDir, importer }) => {
        const place = places.get(resolve(resolveDir, path));
        return place === undefined || place === importer ? undefined : { path: place };
      });
      setup.onResolve({ filter: /^#shaders\// }, ({ path }) => ({ path: resolve(path.slice(1)) }));
      if (!replaced) return;
      setup.onLoad({ filter: /\.ts$/ }, async ({ path }) => ({
        contents: path === resolve(replaced.file) ? replaced.text : await readFile(path, "utf8"),
        loader: "ts",
      }));
    },
  };
}
