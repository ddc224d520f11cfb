// The site: every folder of site/ with an index.html is a page. `npm run site` serves it, `npm run site:build` builds it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { wgslVite } from "./src/build/wgsl.ts";

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const site = folder("site");
const pages = [".", ...readdirSync(site)].map((name) => join(site, name, "index.html")).filter(existsSync);

// The other engines' code, which `bench peers` puts here; the peers page does without where it is not.
const peers = folder(".cache/peers/public");

/** What the heads of all pages have in common, in the place of a comment. */
const head = readFileSync(join(site, "shell", "head.html"), "utf8").trim();
const withHead = {
  name: "head",
  transformIndexHtml: { order: "pre", handler: (html: string) => html.replace("<!-- shell/head.html -->", head) },
} as const;

export default defineConfig({
  root: site,
  base: "./", // so that it works from any path of a static host
  publicDir: peers,
  define: { PEERS_ARE_HERE: existsSync(peers) },
  plugins: [wgslVite(), withHead],
  worker: { format: "es", plugins: () => [wgslVite()] },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: folder("dist-site"),
    emptyOutDir: true,
    target: "es2022",
    rolldownOptions: { input: pages },
  },
});
