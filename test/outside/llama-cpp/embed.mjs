// Vectors of texts by llama.cpp: `node embed.mjs FOLDER MODEL.gguf TEXTS.json` prints the ids and the vector of each
// text of the file as JSON. FOLDER is where node-llama-cpp is installed, a tool of 725 MB that is no dependency.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder = "", modelPath = "", texts = ""] = process.argv.slice(2);
const entry = createRequire(pathToFileURL(`${folder}/x.js`)).resolve("node-llama-cpp");
const { getLlama } = await import(pathToFileURL(entry).href);
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error", maxThreads: 2 });
const model = await llama.loadModel({ modelPath, gpuLayers: 0, useMmap: false });
const context = await model.createEmbeddingContext({ threads: 2 });
const found = [];
for (const text of JSON.parse(await readFile(texts, "utf8"))) {
  const { vector } = await context.getEmbeddingFor(text);
  found.push({ ids: model.tokenize(text), vector });
}
process.stdout.write(`${JSON.stringify(found)}\n`, () => process.exit(0));
