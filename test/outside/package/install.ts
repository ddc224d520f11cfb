// Packs a package and installs the tarballs into a folder, as their users do.
import { execFile } from "node:child_process";
import { cpSync, existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { atEnd } from "../../support/devices/at-end.ts";
import "../../support/built.ts";

const run = promisify(execFile);
const checkout = resolve(".");

/**
 * Packs the package in a folder of the clone, whose `dist` is built; gives the tarball. What a prepack script does
 * would only be done again.
 */
export async function pack(source: string, folder: string): Promise<string> {
  const { stdout } = await run("npm", ["pack", source, "--ignore-scripts", "--json", "--pack-destination", folder]);
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf("[")));
  return join(folder, filename);
}

let made: Promise<string> | undefined;

/** A folder of this process, in which `library` has the library installed by npm, alone. */
function madeFolder(): Promise<string> {
  made ??= (async () => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), "shaderformer-installed-")));
    atEnd().add(() => rm(folder, { recursive: true, force: true }));
    const library = join(folder, "library");
    await mkdir(library);
    await writeFile(join(library, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
    await install(library, [await pack(".", folder)]);
    return folder;
  })();
  return made;
}

/**
 * A new folder, a project that has the library. npm takes half a minute for its thousands of files, a copy some
 * seconds: so it is installed once for all files of the process.
 */
export async function projectWithLibrary(name: string): Promise<string> {
  const folder = await madeFolder();
  const project = join(folder, name);
  cpSync(join(folder, "library"), project, {
    recursive: true,
    errorOnExist: true,
    force: false,
    verbatimSymlinks: true,
  });
  return project;
}

/**
 * Installs tarballs, and what the project declares; where the registry is out of reach, by hand, with the packages they
 * declare and no others.
 */
export async function install(target: string, tarballs: readonly string[]): Promise<void> {
  try {
    await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", ...tarballs], { cwd: target });
  } catch (error) {
    const why = String(error);
    if (!/ENOTCACHED|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/.test(why)) throw error;
    console.warn("the npm registry is out of reach: tarballs are unpacked, and their dependencies linked");
    const modules = join(target, "node_modules");
    for (const tarball of tarballs) await unpack(tarball, modules);
    const own = JSON.parse(await readFile(join(target, "package.json"), "utf8"));
    for (const dependency of Object.keys(own.dependencies ?? {}))
      if (!existsSync(join(modules, dependency))) await linked(dependency, modules);
  }
}

/** Links a package that this clone has. */
export async function linked(dependency: string, modules: string): Promise<void> {
  await mkdir(join(modules, dependency, ".."), { recursive: true });
  await symlink(join(checkout, "node_modules", dependency), join(modules, dependency));
}

async function unpack(tarball: string, modules: string): Promise<void> {
  const name = basename(tarball).replace(/-[\d.]+\.tgz$/, "");
  await mkdir(join(modules, name), { recursive: true });
  await run("tar", ["-xzf", tarball, "--strip-components=1", "-C", join(modules, name)]);
  const { dependencies, bin = {} } = JSON.parse(await readFile(join(modules, name, "package.json"), "utf8"));
  for (const dependency of Object.keys(dependencies)) {
    if (dependency === "shaderformer") continue; // unpacked too
    await linked(dependency, modules);
  }
  await mkdir(join(modules, ".bin"), { recursive: true });
  for (const [word, file] of Object.entries(bin)) await symlink(`../${name}/${file}`, join(modules, ".bin", word));
}

/** Names of the packages in a project's node_modules. */
export async function installed(target: string): Promise<string[]> {
  const modules = join(target, "node_modules");
  const names = (await readdir(modules)).filter((name) => !name.startsWith("."));
  const scoped = await Promise.all(
    names.map(async (name) =>
      name.startsWith("@") ? (await readdir(join(modules, name))).map((one) => `${name}/${one}`) : [name],
    ),
  );
  return scoped.flat().sort();
}
