// node scripts/measure/decode-step.mjs [FOLDER]: the cost of encoding a decode step, and the time of the first tokens.
import { ensureBuild } from "../setup/build.mjs";

ensureBuild();
const { loadModel, openGpu } = await import("shaderformer");
const gpu = await openGpu();
const model = await loadModel(gpu, process.argv[2] ?? "examples/models/voices-dense");
const session = model.session();
await session.generate("The sea", { temperature: 0, maxTokens: 40 }).result; // compiles
const best = { encoding: Number.POSITIVE_INFINITY, tokens: [] };
let dispatches = 0;
// The adapter may compute on the cores that this process uses, so the minimum of several runs is the time of a step.
for (let repeat = 0; repeat < 5; repeat++) {
  const generation = session.generate(" was", { temperature: 0, maxTokens: 40 });
  const times = [];
  let last = performance.now();
  for await (const _ of generation) {
    const now = performance.now();
    times.push(now - last);
    last = now;
  }
  const { timings, dispatchesPerToken } = await generation.result;
  dispatches = dispatchesPerToken;
  best.encoding = Math.min(best.encoding, timings.encodePerToken);
  best.tokens = times.map((time, i) => Math.min(time, best.tokens[i] ?? Number.POSITIVE_INFINITY));
}
const [first = 0, second = 0] = best.tokens;
const tenth = best.tokens[9] ?? 0;
console.log(gpu.adapter.label);
console.log(
  `encoding: ${best.encoding.toFixed(3)} ms a token, ${((best.encoding * 1000) / dispatches).toFixed(2)} µs a dispatch`,
);
console.log(`first token ${first.toFixed(1)} ms, second ${second.toFixed(1)} ms, tenth ${tenth.toFixed(1)} ms`);
gpu.close();
