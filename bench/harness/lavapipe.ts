import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** The file that describes lavapipe to Vulkan, in the usual folders of distributions; undefined without one. */
export function lavapipeDriver(): string | undefined {
  const folders = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
  const files = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return files.find((file) => /\/lvp_icd[^/]*\.json$/.test(file));
}
