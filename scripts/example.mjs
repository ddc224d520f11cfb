// npm run example -- NAME: bundles an example as a reader's project would, and runs it.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { findExample } from "./setup/find-example.mjs";
import { root } from "./setup/run.mjs";
import { runBundled } from "./setup/run-bundled.mjs";

const [word = ""] = process.argv.slice(2);
const has = (folder, file) => existsSync(join(root, "examples", folder, file));
const isProject = (folder) => has(folder, "package.json") || has(folder, "index.html");
const refuse = (why) => {
  console.error(why);
  process.exit(1);
};
let found;
try {
  found = findExample(word, readdirSync(join(root, "examples")));
} catch (error) {
  refuse(error.message);
}
if (isProject(found)) refuse(`${found} is a project of its own: see examples/${found}/README.md`);
await runBundled(`examples/${found}/main.ts`, `examples/${found}.mjs`);
