import { readdirSync, readFileSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { cacheBytes } from "../../src/blocks/kv-cache/cache.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { planLoad } from "../../src/generate/load/plan-load.ts";
import { serve, withRanges } from "../formats/loopback-server.ts";
import { bundledMixture, bundledModel } from "../support/bundled.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const gpu = await quickGpu();
const latent = "test/golden/deepseek-v3";
const packed = "test/golden/gpt-oss-mxfp4";

const folders = [bundledModel, bundledMixture, latent, packed];
describe.each(folders.map((folder, i) => [folder, i] as const))("the plan of %s", (folder, i) => {
  // Of the types that are asked for each folder takes one, by turns.
  const types = [{}, ([{ weights: "q4_k_m" }, { dtype: "f16" }] as const)[i % 2] ?? {}];
  test.each(types)("has what a load takes, with matrices of type %s", async (type) => {
    const options = { ...type, context: 300, cache: { dtype: "f16" } } as const;
    const plan = await planLoad(folder, { ...options, limits: gpu.limits });
    using model = await loadModel(gpu, folder, { ...options, onWarning: () => {} });
    const { decoder, programs, context } = model;
    expect(plan.weightBytes).toBe(decoder.weights.bytes);
    expect(plan.cacheBytes).toBe(cacheBytes(programs.cacheShape(1)));
    expect([plan.context, plan.fits, plan.architecture]).toEqual([context, true, decoder.config.architecture]);
    expect(plan.chat).toBe(model.chatTemplate !== undefined);
    const { temporaryBytes } = programs.prefill(
      Math.min(context, programs.longestChunk),
      programs.visible(context),
      "last",
    ).program;
    console.log(`${folder} ${JSON.stringify(type)}: temporaries ${temporaryBytes}, planned ${plan.temporaryBytes}`);
    expect(plan.temporaryBytes / temporaryBytes).toBeGreaterThan(0.6);
    expect(plan.temporaryBytes / temporaryBytes).toBeLessThan(1.5);
    expect(plan.downloadBytes).toBe(plan.cachedBytes); // a folder has all that it has
  });
});

test("it is made of texts and heads alone, and counts what is to be downloaded", async () => {
  const names = readdirSync(bundledModel).filter((name) => /\.(json|jinja|safetensors)$/.test(name));
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(`${bundledModel}/${name}`)]));
  const { base, seen } = await serve(withRanges(files));
  const plan = await planLoad(base);
  const sizes = names.map((name) => statSync(`${bundledModel}/${name}`).size);
  expect(plan.downloadBytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
  expect(plan.cachedBytes).toBe(0);
  const ranges = seen.filter(({ url }) => url.endsWith("model.safetensors")).map(({ range }) => range);
  expect(ranges.filter((range) => range !== "bytes=0-0" && range !== "bytes=0-262143")).toEqual([]);
});

test("what does not fit says why, and how long a context would", async () => {
  const keysOfLayer = (await planLoad(bundledModel)).cacheBytes / (2 * 6); // and as many values
  const small = { binding: keysOfLayer - 4, buffer: keysOfLayer - 4 };
  const plan = await planLoad(bundledModel, { limits: small });
  expect([plan.fits, plan.why]).toEqual([
    false,
    expect.stringMatching(/^the device is too small for this model: it needs .* for the keys of one layer/),
  ]);
  expect(plan.longestContext).toBeGreaterThan(100);
  expect((await planLoad(bundledModel, { limits: small, context: plan.longestContext })).fits).toBe(true);
  expect((await planLoad(bundledModel, { limits: small, context: plan.longestContext + 64 })).fits).toBe(false);

  const memory = 16 << 20;
  const tight = await planLoad(bundledModel, { memory });
  expect([tight.fits, tight.why]).toEqual([
    false,
    expect.stringMatching(/^it takes \d+\.\d MiB, and the device has 16.0 MiB$/),
  ]);
  const within = await planLoad(bundledModel, { memory, context: tight.longestContext });
  expect(within.fits).toBe(true);
  expect(within.weightBytes + within.cacheBytes + within.temporaryBytes).toBeLessThanOrEqual(memory);
});
