import { readFileSync } from "node:fs";
import { join } from "node:path";
import { npm, root, say, seconds, tail } from "./run.mjs";

/** Runs `npm ci` unless node_modules matches package-lock.json. */
export function ensurePackages() {
  if (installed()) return;
  say("installing the npm packages (npm ci)");
  const start = performance.now();
  const result = npm(["ci", "--no-audit", "--no-fund"]);
  if (result.code !== 0) throw new Error(`npm ci failed with exit code ${result.code}:\n${tail(result, 20)}`);
  say(`npm packages installed in ${seconds(start)}`);
}

/** Compares package-lock.json with the copy in node_modules, where npm records what it installed. */
function installed() {
  const wanted = packagesOf("package-lock.json");
  const present = packagesOf("node_modules/.package-lock.json");
  if (!present) return false;
  return Object.entries(wanted ?? {}).every(
    ([path, { version, integrity, optional }]) =>
      // npm leaves out optional packages made for other platforms.
      path === "" ||
      (present[path] ? present[path].version === version && present[path].integrity === integrity : optional),
  );
}

function packagesOf(lockfile) {
  try {
    return JSON.parse(readFileSync(join(root, lockfile), "utf8")).packages;
  } catch {
    return undefined;
  }
}
