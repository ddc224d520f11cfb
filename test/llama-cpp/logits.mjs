// Logits after each token of sequences, by llama.cpp on the CPU: `node logits.mjs FOLDER MODEL.gguf OUT ID,ID,… …` writes them
// to OUT as f32, `[ids of all, vocabulary]`. FOLDER is where node-llama-cpp is installed, a tool of 725 MB that is no dependency.
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder = "", modelPath = "", out = "", ...sequences] = process.argv.slice(2);
const entry = createRequire(pathToFileURL(`${folder}/x.js`)).resolve("node-llama-cpp");
const { getLlama } = await import(pathToFileURL(entry).href);
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error", maxThreads: 2 });
const model = await llama.loadModel({ modelPath, gpuLayers: 0, useMmap: false });
const kept = { experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32" };
const context = await model.createContext({ contextSize: 512, threads: 2, flashAttention: false, ...kept });
const sequence = context.getSequence();
const rows = [];
for (const ids of sequences) {
  await sequence.clearHistory();
  const input = ids.split(",").map((id) => [Number(id), { generateNext: { logits: true } }]);
  for (const { next } of await sequence.controlledEvaluate(input)) {
    const row = new Float32Array(next.logits.size);
    for (const [token, logit] of next.logits) row[token] = logit;
    rows.push(Buffer.from(row.buffer));
  }
}
await writeFile(out, Buffer.concat(rows));
process.exit(0);
