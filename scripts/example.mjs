// npm run example -- NAME: bundles an example as a reader's own project would, and runs it.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { ensureBuild } from "./setup/build.mjs";
import { root } from "./setup/run.mjs";

const [name = ""] = process.argv.slice(2);
const numbered = readdirSync(join(root, "examples")).filter((folder) => /^\d/.test(folder));
const has = (folder, file) => existsSync(join(root, "examples", folder, file));
const isProject = (folder) => has(folder, "package.json") || has(folder, "index.html");
const found = numbered.find((folder) => folder === name || folder.startsWith(`${name}-`));
if (found === undefined || isProject(found)) {
  const scripts = numbered.filter((folder) => !isProject(folder));
  console.error(
    found === undefined
      ? `there is no example "${name}"; there are ${scripts.join(", ")}`
      : `${found} is a project of its own: see examples/${found}/README.md`,
  );
  process.exit(1);
}
ensureBuild();
const { wgslEsbuild } = await import("shaderformer/wgsl");
const outfile = join(root, ".cache", "examples", `${found}.mjs`);
await build({
  entryPoints: [join(root, "examples", found, "main.ts")],
  outfile,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "es2022", // Node 20 has no `using`
  packages: "external",
  tsconfigRaw: {}, // in this clone the package's name resolves to its source
  plugins: [wgslEsbuild()],
  logLevel: "warning",
});
await import(pathToFileURL(outfile).href);
