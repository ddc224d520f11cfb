import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { type ChromiumOptions, openChromium } from "../harness/chromium.ts";

/** Adapters on which a headless Chromium can compute. */
const adapters = ["lavapipe", "swiftshader", "gpu"] as const;

export type AdapterName = (typeof adapters)[number];

/** Reads an adapter's name. Throws a RangeError that lists the valid names. */
export function parseAdapter(text: string): AdapterName {
  const name = adapters.find((adapter) => adapter === text);
  if (!name) throw new RangeError(`bench peers knows no adapter "${text}"; there are ${adapters.join(", ")}`);
  return name;
}

const flags: Readonly<Record<AdapterName, readonly string[]>> = {
  swiftshader: ["--use-webgpu-adapter=swiftshader"],
  lavapipe: ["--enable-features=Vulkan", "--use-vulkan=native", "--use-angle=vulkan", "--ignore-gpu-blocklist"],
  gpu: ["--enable-features=Vulkan", "--use-angle=vulkan", "--ignore-gpu-blocklist"],
};

/** Playwright's default arguments that must be removed for pages that compute. */
const unwanted = ["--disable-gpu", "--headless", "--headless=old", "--disable-software-rasterizer"];

/**
 * Starts a headless Chromium on an adapter. Adapters describe themselves in full there, so that software is labelled.
 * Throws if the adapter is not available.
 */
export async function openChromiumOn(adapter: AdapterName, root: string): Promise<Browser> {
  return await openChromium(await chromiumOn(adapter, root));
}

/** The options with which a Chromium has that adapter. Throws if the adapter is not available. */
export async function chromiumOn(adapter: AdapterName, root: string): Promise<ChromiumOptions> {
  const driver = adapter === "lavapipe" ? await lavapipeForChromium(root) : undefined;
  return {
    args: ["--enable-webgpu-developer-features", ...flags[adapter]],
    ignoreDefaultArgs: unwanted,
    handleSIGINT: false,
    ...(driver ? { env: { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver } } : {}),
  };
}

/** Lavapipe, or SwiftShader if that is not available; prints why. */
export async function defaultAdapter(root: string, say: (line: string) => void): Promise<AdapterName> {
  try {
    await lavapipeForChromium(root);
    return "lavapipe";
  } catch (error) {
    say(`measuring on Chromium's SwiftShader, since ${error instanceof Error ? error.message : String(error)}`);
    return "swiftshader";
  }
}

/**
 * Builds the driver of shim/lavapipe-shim.c, through which Chromium uses lavapipe; returns the file that describes it
 * to Vulkan. Throws if there is no C compiler or no lavapipe, naming what is missing.
 */
export async function lavapipeForChromium(root: string): Promise<string> {
  if (process.platform !== "linux") throw new Error("lavapipe in Chromium is for Linux");
  const source = join(root, "bench", "peers", "lavapipe-shim.c");
  const folder = join(root, ".cache", "peers", "shim");
  const library = join(folder, "lavapipe-shim.so");
  const description = join(folder, "lavapipe-shim.json");
  const lavapipe = findLavapipe();
  if (!lavapipe) throw new Error("Mesa's software driver is not installed (mesa-vulkan-drivers)");
  await mkdir(folder, { recursive: true });
  const built = `${library}.${process.pid}`;
  try {
    const name = `-DLAVAPIPE="${lavapipe}"`;
    execFileSync("cc", ["-O2", "-shared", "-fPIC", name, "-o", built, source, "-ldl"], { stdio: "pipe" });
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw new Error(missing ? "there is no C compiler (cc)" : `cc failed on ${source}: ${String(error)}`);
  }
  await rename(built, library);
  const icd = { file_format_version: "1.0.0", ICD: { library_path: library, api_version: "1.4.305" } };
  await writeFile(description, `${JSON.stringify(icd)}\n`);
  return description;
}

/** Paths of lavapipe's library in distributions. */
function findLavapipe(): string | undefined {
  const triplet = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  const folders = [`/usr/lib/${triplet}`, "/usr/lib64", "/usr/lib", "/usr/local/lib", `/usr/local/lib/${triplet}`];
  return folders.map((folder) => join(folder, "libvulkan_lvp.so")).find(existsSync);
}
