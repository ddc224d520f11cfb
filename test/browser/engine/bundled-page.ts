// Pages that tests write for themselves: a module of this folder, bundled.
import { build } from "esbuild";
import { wgslEsbuild } from "../../../src/wgsl-loader.ts";

/** A page without content that runs `/page.js`. */
export const emptyPage = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';

/** The script of a module with all that it imports, shaders included. */
export async function bundled(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    platform: "browser",
    write: false,
    plugins: [wgslEsbuild()],
  });
  const [script] = outputFiles;
  if (!script) throw new Error(`${entry} gave no script`);
  return script.text;
}
