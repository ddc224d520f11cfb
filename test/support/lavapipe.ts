import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * The environment in which another program computes on lavapipe, the same adapter on every machine that has it, with
 * llvmpipe's narrowest vectors, for which it compiles quickest. What is set already stays.
 */
export function onLavapipe(): Record<string, string> {
  const { VK_DRIVER_FILES: chosen, LP_NATIVE_VECTOR_WIDTH: width = "128" } = process.env;
  const folders = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
  const files = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  const drivers = chosen ?? files.find((file) => /\/lvp_icd[^/]*\.json$/.test(file));
  return { LP_NATIVE_VECTOR_WIDTH: width, ...(drivers ? { VK_DRIVER_FILES: drivers } : {}) };
}
