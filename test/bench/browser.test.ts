import { resolve } from "node:path";
import { build, type PluginBuild } from "esbuild";
import { expect, test } from "vitest";
import { wgslEsbuild } from "../../src/wgsl-loader.ts";

test("the benches bundle for a page: nothing of Node is in them", async () => {
  const { outputFiles, warnings, metafile } = await build({
    entryPoints: ["bench/index.ts"],
    outdir: ".cache/bench-page",
    write: false,
    bundle: true,
    splitting: true,
    metafile: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    external: ["@huggingface/*"],
    plugins: [
      wgslEsbuild(),
      {
        name: "shaders",
        setup: ({ onResolve }: PluginBuild) =>
          onResolve({ filter: /^#shaders\// }, ({ path }) => ({ path: resolve(path.slice(1)) })),
      },
    ],
    logLevel: "silent",
  });
  expect(warnings).toEqual([]);
  expect(outputFiles.length).toBeGreaterThan(0);
  expect(Object.keys(metafile.inputs).filter((file) => /adapter-node|vitest|^src\/cli/.test(file))).toEqual([
    "src/gpu/device/adapter-node.ts", // behind a dynamic import, without imports to resolve
  ]);
});
