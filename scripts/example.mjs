// npm run example -- NAME: bundles an example as a reader's own project would, and runs it.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ensureBuild } from "./setup/build.mjs";
import { root } from "./setup/run.mjs";
import { runBundled } from "./setup/run-bundled.mjs";

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
await runBundled(`examples/${found}/main.ts`, `examples/${found}.mjs`, { plugins: [wgslEsbuild()] });
