// What the site is built from, as one digest: a site that was built is used again only if nothing has changed since.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Folders of which the site has nothing: what is installed is said by a lock file in node_modules. */
const others = new Set(["node_modules", "dist", "dist-site", "test"]);

/** A digest of the paths and contents of all other files of the clone. */
export function digestOfSources(): string {
  const hash = createHash("sha256");
  const add = (path: string) => {
    const content = readFileSync(path);
    hash.update(`${path}\0${content.length}\0`).update(content);
  };
  const walk = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith(".") || others.has(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) add(path);
    }
  };
  walk(".");
  add("node_modules/.package-lock.json");
  return hash.digest("hex").slice(0, 16);
}
