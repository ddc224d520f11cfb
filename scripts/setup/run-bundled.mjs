import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { ensureBuild } from "./build.mjs";
import { root } from "./run.mjs";

/** Runs a TypeScript program of the clone, bundled into a file of the cache. Packages stay external. */
export async function runBundled(entry, outfile) {
  ensureBuild();
  const { wgslEsbuild } = await import("shaderformer/wgsl");
  const out = join(root, ".cache", outfile);
  await build({
    entryPoints: [join(root, entry)],
    outfile: out,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "es2022", // Node 20 has no `using`
    packages: "external",
    tsconfigRaw: {}, // the package's name resolves to dist, as in a reader's project
    plugins: [wgslEsbuild()],
    logLevel: "warning",
  });
  await import(pathToFileURL(out).href);
}
