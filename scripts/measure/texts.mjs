// node scripts/measure/texts.mjs: how long the engine takes to read a user's mask of 500 to 5,000 nodes, by kind of
// node.
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { ensureBuild } from "../setup/build.mjs";

ensureBuild();
const { wgslEsbuild } = await import("../../dist/wgsl.js");
const outfile = resolve(".cache/measure-texts.mjs");
const contents = `
export { apart } from "./src/kernels/attention/custom/read-text.ts";
export { operationsOf } from "./src/kernels/attention/custom/cost.ts";
export { checkText } from "./src/kernels/attention/custom/rules.ts";
export { ownText } from "./src/kernels/attention/custom/text.ts";
export { longTexts } from "./test/support/long-wgsl.ts";`;
await build({
  stdin: { contents, resolveDir: join(import.meta.dirname, "..") },
  outfile,
  bundle: true,
  format: "esm",
  platform: "node",
  logLevel: "warning",
  plugins: [wgslEsbuild()],
});
const { apart, checkText, longTexts, operationsOf, ownText } = await import(pathToFileURL(outfile).href);

/** Milliseconds to read it once, the median of nine. */
function time(code) {
  const samples = Array.from({ length: 9 }, () => {
    const begin = performance.now();
    const text = ownText(code);
    checkText(text);
    operationsOf(text);
    apart(text, { file: "own", prefix: "own_", first: 0 });
    return performance.now() - begin;
  });
  return samples.sort((a, b) => a - b)[4];
}

const sizes = [500, 1000, 2000, 5000];
console.log(`${"milliseconds for nodes".padEnd(24)}${sizes.map((size) => String(size).padStart(8)).join("")}`);
for (const [kind, make] of Object.entries(longTexts)) {
  const row = sizes.map((size) => time(make(size, 450)).toFixed(1).padStart(8));
  console.log(`${kind.padEnd(24)}${row.join("")}`);
}
