import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { transformersPackages } from "../../generate/build.ts";
import { wllamaPackage } from "../../wllama/build.ts";

/** The files that define the installation. */
const files = ["package.json", "package-lock.json"];

/** Packages for a bench's comparisons, which the project's `npm ci` does not install, since few users measure peers. */
export interface PeerPackages {
  /** The folder in the repository with their package.json and package-lock.json. */
  readonly source: string;
  /** The folder in .cache/peers into which they are installed. */
  readonly folder: string;
  /** A description for the user, with their size. */
  readonly what: string;
}

/** The packages of `bench peers`. */
const peers: PeerPackages = {
  source: "bench/peers",
  folder: "packages",
  what: "jax-js, onnxruntime-web and TensorFlow.js into .cache/peers (220 MB, once)",
};

/** The folders `node_modules` of all engines of `bench peers`. */
export interface PeerModules {
  /** The folder of those that compute arrays. */
  readonly arrays: string;
  readonly transformers: string;
  readonly wllama: string;
}

/** Installs all packages of `bench peers`, unless they are installed. */
export async function ensurePeers(root: string, say: (line: string) => void): Promise<PeerModules> {
  return {
    arrays: await ensurePackages(root, say),
    transformers: await ensurePackages(root, say, transformersPackages),
    wllama: await ensurePackages(root, say, wllamaPackage),
  };
}

/** Path of the peers' packages in the repository. */
export const packagesFolder = (root: string, { folder } = peers): string => join(root, ".cache", "peers", folder);

/**
 * Installs packages in the versions of their lock file, unless they are installed. On failure it throws an error that
 * says what to do.
 */
export async function ensurePackages(
  root: string,
  say: (line: string) => void,
  packages: PeerPackages = peers,
): Promise<string> {
  const folder = packagesFolder(root, packages);
  const source = join(root, packages.source);
  const modules = join(folder, "node_modules");
  const stamp = join(folder, "installed");
  const lock = await readFile(join(source, "package-lock.json"), "utf8");
  if (existsSync(modules) && (await readFile(stamp, "utf8").catch(() => "")) === lock) return modules;
  say(`installing ${packages.what}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const file of files) await copyFile(join(source, file), join(folder, file));
  // Not `npm ci`, which refuses a lock file without the packages of every platform, and not every registry has all of
  // them.
  const { code, output } = await npm(["install", "--ignore-scripts", "--no-audit", "--no-fund"], folder);
  if (code !== 0) {
    throw new Error(
      `the peers could not be installed (npm install in ${folder}, exit code ${code}):\n${output.slice(0, 1500)}`,
    );
  }
  await writeFile(stamp, lock);
  return modules;
}

function npm(args: readonly string[], cwd: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn("npm", args, { cwd, stdio: ["ignore", "pipe", "pipe"], shell: process.platform === "win32" });
    let output = "";
    child.stdout.on("data", (data: Buffer) => (output += data.toString()));
    child.stderr.on("data", (data: Buffer) => (output += data.toString()));
    child.on("error", (error) => reject(new Error(`npm could not be run: ${error.message}`)));
    child.on("close", (code) => resolve({ code, output }));
  });
}
