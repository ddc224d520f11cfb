import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { aptInstall, mayAptInstall } from "./apt.mjs";
import { root, run } from "./run.mjs";
import { installSwiftShader, swiftShaderInstalled } from "./swiftshader.mjs";

/**
 * Makes sure that Dawn finds an adapter, in this order: a GPU; Mesa's software driver, installed if this user may; the
 * SwiftShader of an installed Chromium; a SwiftShader unpacked from an npm package. macOS and Windows need none.
 */
export function ensureDriver() {
  if (process.platform !== "linux" || process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES) return;
  if (lavapipeInstalled() || systemHasAdapter()) return;
  // A working adapter is used without a message if no better one can be installed.
  if (!mayAptInstall() && swiftShaderInstalled()) return;
  if (aptInstall(["mesa-vulkan-drivers", "libvulkan1"], "Mesa's software Vulkan driver")) return;
  if (swiftShaderInstalled()) return;
  if (!installSwiftShader()) throw new Error("no adapter: found no GPU and could not install a software Vulkan driver");
}

/** Files that show that lavapipe is installed: faster than querying Vulkan, which loads every driver. */
function lavapipeInstalled() {
  const drivers = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
  const libraries = [`/usr/lib/${triplet()}`, "/usr/lib64", "/usr/lib", "/usr/local/lib"];
  return (
    drivers.some((folder) => existsSync(folder) && readdirSync(folder).some((file) => file.startsWith("lvp_icd"))) &&
    libraries.some((folder) => existsSync(join(folder, "libvulkan.so.1")))
  );
}

function triplet() {
  return process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
}

/** Queries Dawn, in a separate process because it writes to stderr. */
function systemHasAdapter() {
  const code = `import { create } from "webgpu";
    const gpu = create([]);
    process.exit((await gpu.requestAdapter()) ? 0 : 1);`;
  return run(process.execPath, ["--input-type=module", "-e", code], { cwd: root }).code === 0;
}
