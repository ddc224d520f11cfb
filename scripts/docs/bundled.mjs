// Bundles and imports TypeScript that imports WGSL: the records that the generated pages read.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Packages stay where they are; the package's own name is this source. */
const packagesApart = {
  name: "packages apart",
  setup({ onResolve }) {
    onResolve({ filter: /^[\w@]/ }, ({ path, kind }) =>
      kind === "entry-point" || /\.wgsl$|^shaderformer\b/.test(path) ? undefined : { path, external: true },
    );
  },
};

let loader;

/** The build's loader of WGSL files. */
async function wgslLoader() {
  loader ??= bundledWith(`export { wgslEsbuild } from "./src/wgsl-loader.ts";`, []);
  const { wgslEsbuild } = await loader;
  return wgslEsbuild({ shaders: join(root, "shaders"), root });
}

/** The exports of a module with this text at the root of the clone. */
export const bundled = async (contents) => bundledWith(contents, [await wgslLoader()]);

async function bundledWith(contents, plugins) {
  // Packages can be found from this folder, and Vitest imports its files unchanged.
  const cache = join(root, "node_modules", ".cache");
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "shaderformer-docs-"));
  try {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: root, loader: "ts" },
      absWorkingDir: root,
      bundle: true,
      write: false,
      format: "esm",
      platform: "node",
      target: "es2022",
      plugins: [packagesApart, ...plugins],
      logLevel: "warning",
    });
    const file = join(folder, "records.mjs");
    await writeFile(file, outputFiles[0].text);
    return await import(pathToFileURL(file).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
