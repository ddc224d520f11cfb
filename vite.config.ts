// The site: every folder of site/ with an index.html is a page. `npm run site` serves it, `npm run site:build` builds it.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { relative } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { defineConfig, type HtmlTagDescriptor, type Plugin } from "vite";
import { coursePages, courseText, courseWritten, withoutDrawn } from "./site/course/written.ts";
import { picturesOf, readme, readmeWritten } from "./site/readme/written.ts";
import { headerWritten, headWritten } from "./site/shell/head/written.ts";
import { wgslVite } from "./src/wgsl-loader.ts";

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const site = folder("site");
const pages = [".", ...readdirSync(site)]
  .map((name) => join(site, name, "index.html"))
  .filter(existsSync)
  .concat(coursePages);

// The other engines' code, which `bench peers` puts here; the peers page does without where it is not.
const peers = folder(".cache/peers/public");

/** Files that pages fetch as they are: the bundled models, pictures, and the script that runs before the first paint. */
const served = new Map<string, string>([
  ["before-paint.js", join(site, "shell", "head", "before-paint.js")],
  ...readdirSync(folder("examples/models")).flatMap((model) =>
    readdirSync(folder(`examples/models/${model}`)).map(
      (name) => [`models/${model}/${name}`, folder(`examples/models/${model}/${name}`)] as const,
    ),
  ),
  ...picturesOf(readme() + withoutDrawn(courseText())).map(
    (name) => [`pictures/${name}`, folder(`docs/pictures/${name}`)] as const,
  ),
]);

/** What a visitor downloads for a bundled model. */
const bytesOf = (model: string): number =>
  [...served]
    .filter(([name]) => name.startsWith(`models/${model}/`) && /\.(json|safetensors)$/.test(name))
    .reduce((sum, [, file]) => sum + statSync(file).size, 0);

const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
};

/** Serves those files while the site is worked on, and copies them when it is built. */
const asTheyAre: Plugin = {
  name: "as-they-are",
  configureServer: ({ middlewares }) => {
    middlewares.use((request, response, next) => {
      const path = new URL(request.url ?? "/", "http://localhost").pathname.slice(1);
      const file = served.get(path);
      if (file === undefined) return next();
      const [all, [, from, to] = []] = [
        readFileSync(file),
        /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [],
      ];
      response.setHeader("content-type", types[extname(file)] ?? "application/octet-stream");
      if (from === undefined) return void response.end(all);
      const last = Math.min(to ? Number(to) : all.length - 1, all.length - 1);
      response.writeHead(206, { "content-range": `bytes ${from}-${last}/${all.length}` });
      response.end(all.subarray(Number(from), last + 1));
    });
  },
  generateBundle() {
    for (const [fileName, file] of served) this.emitFile({ type: "asset", fileName, source: readFileSync(file) });
  },
};

const beforePaint: Plugin = {
  name: "before-paint",
  transformIndexHtml: {
    order: "post", // Vite warns of scripts that are not modules
    handler: (_, { path }): HtmlTagDescriptor[] => [
      { tag: "script", attrs: { src: relative(dirname(path), "/before-paint.js") }, injectTo: "head" },
    ],
  },
};

/** Names of all kernels: the files of shaders/ with an entry point. */
const kernelNames = readdirSync(folder("shaders"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".wgsl") && readFileSync(folder(`shaders/${name}`), "utf8").includes("\n@compute"))
  .map((name) => name.replaceAll("\\", "/").slice(0, -".wgsl".length))
  .sort();

export default defineConfig({
  root: site,
  base: "./", // so that it works from any path of a static host
  publicDir: peers,
  define: {
    KERNEL_NAMES: kernelNames,
    PEERS_ARE_HERE: existsSync(peers),
    MODEL_BYTES: Object.fromEntries(readdirSync(folder("examples/models")).map((model) => [model, bytesOf(model)])),
    VOICES_DENSE_BYTES: bytesOf("voices-dense"),
    VOICES_NANO_BYTES: bytesOf("voices-nano"),
  },
  plugins: [wgslVite(), headWritten, courseWritten, headerWritten, readmeWritten, beforePaint, asTheyAre],
  // The course runs an example, which imports the package by its name.
  resolve: {
    alias: [
      { find: /^shaderformer$/, replacement: folder("src/index.ts") },
      { find: /^shaderformer\/(encoders|words)$/, replacement: `${folder("src")}/$1.ts` },
      { find: /^shaderformer\/(train|reference)$/, replacement: `${folder("src")}/$1/index.ts` },
    ],
  },
  worker: { format: "es", plugins: () => [wgslVite()] },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: folder("dist-site"),
    emptyOutDir: true,
    target: "es2022",
    // Strict: else what pages share may stand in the script of one of them, which then runs in the others too.
    rolldownOptions: { input: pages, preserveEntrySignatures: "strict" },
  },
});
