// llama.cpp in a separate process, since it takes the process's Vulkan driver: one line of JSON per request and per
// answer.
//   node worker.mjs {"modules", "model", "device": "vulkan" | "cpu", "context", "threads"}
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { modules, model: modelPath, device, context: contextSize, threads } = JSON.parse(process.argv[2] ?? "{}");
const entry = pathToFileURL(join(modules, "node-llama-cpp", "dist", "index.js"));
const { getLlama } = await import(entry);
const gpu = device === "vulkan" ? "vulkan" : false;
const llama = await getLlama({ gpu, build: "never", progressLogs: false, logLevel: "error", maxThreads: threads });
// With Vulkan requested it silently computes on the CPU if it finds no suitable adapter.
const names = gpu ? await llama.getGpuDeviceNames() : [];
if (gpu && names.length === 0) throw new Error("llama.cpp finds no Vulkan adapter");
const model = await llama.loadModel({ modelPath, gpuLayers: gpu ? "max" : 0 });
const context = await model.createContext({ contextSize, threads, batchSize: 512, flashAttention: "auto" });
const sequence = context.getSequence();

/** Makes the sequence contain exactly these tokens. */
async function hold(tokens) {
  await sequence.clearHistory();
  if (tokens.length > 0) await sequence.evaluateWithoutGeneratingNewTokens(tokens);
}

/** The likeliest tokens after a last one, one after the other. */
async function greedy(last, count) {
  const tokens = [];
  const options = { temperature: 0, yieldEogToken: true };
  for await (const token of sequence.evaluate([last], options)) {
    tokens.push(token);
    if (tokens.length === count) break;
  }
  return tokens;
}

const asks = {
  /** Greedy tokens after a prompt. */
  greedy: async ({ ids, count }) => {
    await hold(ids.slice(0, -1));
    return { tokens: await greedy(ids.at(-1), count) };
  },
  /** Milliseconds to read `ids` after `before`. */
  prompt: async ({ before, ids }) => {
    await hold(before);
    const begun = performance.now();
    await sequence.evaluateWithoutGeneratingNewTokens(ids);
    return { milliseconds: performance.now() - begun };
  },
  /** Milliseconds to generate `count` tokens after `before`. */
  generate: async ({ before, last, count }) => {
    await hold(before);
    const begun = performance.now();
    await greedy(last, count);
    return { milliseconds: performance.now() - begun };
  },
};

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
answer({ ready: true, device: names[0] ?? `CPU, ${threads} threads`, layers: model.gpuLayers });
for await (const line of createInterface({ input: process.stdin })) {
  try {
    const { ask, ...given } = JSON.parse(line);
    answer(await asks[ask](given));
  } catch (error) {
    answer({ error: error instanceof Error ? error.message : String(error) });
  }
}
await llama.dispose();
