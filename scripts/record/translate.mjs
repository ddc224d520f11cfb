// Writes site/translate/text/recorded.json: the text that the translate page shows before a model is loaded. Needs
// `npm run build`.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { loadEncoderDecoder } from "../../dist/encoders.js";
import { openGpu } from "../../dist/index.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const contents =
  'export { bundled } from "./site/translate/model/choice.ts"; export { tokenText } from "./src/text/token-text.ts";';
const { outputFiles } = await build({
  stdin: { contents, resolveDir: root, loader: "ts" },
  bundle: true,
  format: "esm",
  write: false,
});
const { bundled, tokenText } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);

const gpu = await openGpu();
const model = await loadEncoderDecoder(gpu, `${root}examples/models/${bundled.name}`);
const { layers, heads } = model.config.decoder;
const runs = [];
for (const text of bundled.examples) {
  const [{ text: written, ids, sourceIds, attention }] = (await model.generate(text, { attention: { perHead: true } }))
    .results;
  runs.push({
    text,
    written,
    source: sourceIds.map((id) => tokenText(model.sourceTokenizer, id)),
    target: ids.map((id) => tokenText(model.tokenizer, id)),
    rows: attention.map(({ perHead }) => Array.from(perHead, (weight) => Number(weight.toFixed(4)))),
  });
}
// Each row of weights on one line.
const json = JSON.stringify({ layers, heads, runs }, undefined, 1).replace(/\[[\s\d.,e-]+\]/g, (row) =>
  JSON.stringify(JSON.parse(row)),
);
await writeFile(`${root}site/translate/text/recorded.json`, `${json}\n`);
model.dispose();
gpu.close();
