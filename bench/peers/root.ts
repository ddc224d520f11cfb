import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Says that the sources are not there, since the published package has none. */
const noCheckout =
  "bench peers needs a checkout of Shaderformer's repository: it builds its page from bench/peers, and that is not here";

/** The repository's folder, seen from wherever this code was bundled to. Throws where there is none. */
export function repositoryRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "bench", "peers", "package.json"))) {
    const above = dirname(folder);
    if (above === folder) throw new Error(noCheckout);
    folder = above;
  }
  return folder;
}
