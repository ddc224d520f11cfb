// Logits after each token of sequences, by llama.cpp: `node logits.mjs FOLDER MODEL.gguf OUT DEVICE BATCH ID,ID,… …`
// writes them to OUT as f32, `[ids of all, vocabulary]`. FOLDER is where node-llama-cpp is installed, a tool of 725 MB
// that is no dependency. DEVICE is cpu or words of the name of a Vulkan adapter, BATCH how many tokens are computed
// together.
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder = "", modelPath = "", out = "", device = "cpu", batch = "512", ...sequences] = process.argv.slice(2);
const entry = createRequire(pathToFileURL(`${folder}/x.js`)).resolve("node-llama-cpp");
const { getLlama } = await import(pathToFileURL(entry).href);
const gpu = device === "cpu" ? false : "vulkan";
const llama = await getLlama({ gpu, build: "never", logLevel: "error", maxThreads: 2 });
// Asked for Vulkan it computes on the CPU where it finds no adapter that it takes, and does not say so.
const names = gpu ? await llama.getGpuDeviceNames() : [];
if (gpu && !names[0]?.toLowerCase().includes(device.toLowerCase())) {
  throw new Error(`llama.cpp computes on ${names[0] ?? "no Vulkan adapter"}, expected ${device}`);
}
const model = await llama.loadModel({ modelPath, gpuLayers: gpu ? "max" : 0, useMmap: false });
const kept = { experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32" };
const sizes = { contextSize: 512, batchSize: Number(batch) };
const context = await model.createContext({ ...sizes, threads: 2, flashAttention: false, ...kept });
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
process.stdout.write(`${names[0] ?? "cpu"}\n`, () => process.exit(0));
