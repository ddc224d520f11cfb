// Continues token ids greedily with llama.cpp: `node greedy.mjs FOLDER MODEL.gguf COUNT ID…` prints the ids as JSON.
// FOLDER is where node-llama-cpp is installed, a tool of 725 MB that is no dependency.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder = "", modelPath = "", count = "0", ...ids] = process.argv.slice(2);
const entry = createRequire(pathToFileURL(`${folder}/x.js`)).resolve("node-llama-cpp");
const { getLlama } = await import(pathToFileURL(entry).href);
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error", maxThreads: 2 });
const model = await llama.loadModel({ modelPath, gpuLayers: 0, useMmap: false });
const kept = { experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32" };
const context = await model.createContext({ contextSize: 256, threads: 2, flashAttention: false, ...kept });
const sequence = context.getSequence();
const found = [];
for await (const token of sequence.evaluate(ids.map(Number), { temperature: 0, yieldEogToken: true })) {
  found.push(token);
  if (found.length === Number(count)) break;
}
process.stdout.write(`${JSON.stringify(found)}\n`, () => process.exit(0));
