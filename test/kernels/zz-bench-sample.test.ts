import { test } from "vitest";
import { openGpu } from "/work/main/src/gpu/open.ts";
import { sample } from "/work/main/src/kernels/sampling/sample.ts";
import { packSettings } from "/work/main/src/kernels/sampling/settings.ts";
import { tensor } from "/work/main/src/tensor/tensor.ts";
test("bench", async () => {
  const gpu = await openGpu();
  for (const [b, v] of [[1, 10], [1, 2048], [1, 151936], [64, 10]] as const)
  for (const s of [{ temperature: 0 }, {}, { topK: 5 }, { topP: 0.5 }, { topK: 40, topP: 0.9 }]) {
    const t = { logits: tensor(gpu, [b, v], Float32Array.from({ length: b * v }, () => Math.random() * 8)), settings: tensor(gpu, [64, 8], packSettings(new Array(64).fill(s))), step: tensor(gpu, [64, 4], new Uint32Array(256).fill(1), "u32") };
    await sample(gpu, t).chosen.read();
    const n = 8; let best = 1e9;
    for (let k = 0; k < 3; k++) { const t0 = performance.now();
    for (let i = 0; i < n; i++) sample(gpu, t);
    await t.step.read(); best = Math.min(best, (performance.now() - t0) / n); }
    console.log(gpu.adapter.label, b, v, JSON.stringify(s), best.toFixed(3), "ms");
  }
  gpu.close();
}, 600000);
