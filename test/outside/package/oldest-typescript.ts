import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

/**
 * The oldest TypeScript that the types are for, the first whose libraries have `Symbol.dispose`. docs/library.md names
 * it.
 */
export const oldest = "5.2.2";

const folder = resolve(".cache", `typescript-${oldest}`);
const compiler = join(folder, "node_modules/typescript/bin/tsc");

/**
 * Why it is missing here, or undefined. It is installed once into .cache: among the dependencies npm
 * would link its `tsc` in the place of ours.
 */
async function install(): Promise<string | undefined> {
  if (existsSync(compiler)) return undefined;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), '{ "private": true }\n');
  const options = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"];
  return await promisify(execFile)("npm", ["install", ...options, `typescript@${oldest}`], { cwd: folder }).then(
    () => undefined,
    (error: Error) => `TypeScript ${oldest} could not be installed: ${error.message.slice(-300)}`,
  );
}

/** Its compiler, or why there is none. */
export const oldestTypeScript = { compiler, missing: await install() };
