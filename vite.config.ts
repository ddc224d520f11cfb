// The site: every folder of site/ with an index.html is a page. `npm run site` serves it, `npm run site:build` builds it.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { wgsl } from "./scripts/wgsl-plugin.ts";

const site = fileURLToPath(new URL("site", import.meta.url));
const pages = [".", ...readdirSync(site)].map((name) => join(site, name, "index.html")).filter(existsSync);

export default defineConfig({
  root: site,
  base: "./", // so that it works from any path of a static host
  plugins: [wgsl()],
  worker: { format: "es", plugins: () => [wgsl()] },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: fileURLToPath(new URL("dist-site", import.meta.url)),
    emptyOutDir: true,
    target: "es2022",
    rolldownOptions: { input: pages },
  },
});
