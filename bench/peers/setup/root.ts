import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The message if the sources are missing, as in the published package. */
const noCheckout =
  "comparisons with other engines require a checkout of Shaderformer's repository: they are built from its folder bench, which is not here";

/** The repository's folder, independent of where this code was bundled to. Throws without one. */
export function repositoryRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "bench", "peers", "package.json"))) {
    const above = dirname(folder);
    if (above === folder) throw new Error(noCheckout);
    folder = above;
  }
  return folder;
}
