// TypeScript that imports WGSL, bundled and imported: what the generated pages read of the records.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A WGSL file as far as a record goes: its name and text. */
const wgslText = {
  name: "wgsl-text",
  setup(builder) {
    builder.onLoad({ filter: /\.wgsl$/ }, async ({ path }) => {
      const name = path.slice(path.indexOf("shaders/") + "shaders/".length, -".wgsl".length);
      const module = { name, code: await readFile(path, "utf8"), parts: [], declares: {} };
      return { contents: `export default ${JSON.stringify(module)}`, loader: "js" };
    });
  },
};

/** What a module of this text, at the root of the clone, exports. */
export async function bundled(contents) {
  const folder = await mkdtemp(join(tmpdir(), "shaderformer-records-"));
  try {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: root, loader: "ts" },
      absWorkingDir: root,
      bundle: true,
      write: false,
      format: "esm",
      platform: "node",
      target: "es2022",
      plugins: [wgslText],
      logLevel: "warning",
    });
    const file = join(folder, "records.mjs");
    await writeFile(file, outputFiles[0].text);
    return await import(pathToFileURL(file).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
