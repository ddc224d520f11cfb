import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { root, run, say, seconds, tail } from "./run.mjs";

const sources = [
  ...["src", "shaders", "bench", "scripts/build.mjs"],
  ...["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"],
];

/** Builds dist/ if it is missing or older than its sources. */
export function ensureBuild() {
  const script = join(root, "scripts", "build.mjs");
  const built = join(root, "dist", "cli.js");
  if (!existsSync(script)) return;
  const newest = Math.max(...sources.map((path) => newestIn(join(root, path))));
  if (existsSync(built) && statSync(built).mtimeMs >= newest) return;
  say("building dist");
  const start = performance.now();
  const result = run(process.execPath, [script]);
  if (result.code !== 0) throw new Error(`the build failed with exit code ${result.code}:\n${tail(result, 20)}`);
  say(`built in ${seconds(start)}`);
}

/** The latest modification time of a file or of anything in a folder; the folder's own time reflects removals. */
function newestIn(path) {
  if (!existsSync(path)) return 0;
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}
