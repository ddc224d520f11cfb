// The memory of an engine on its device: what it takes, it gives back, also where there is too little.
import { afterAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engine/create-engine.ts";
import { requestAdapter } from "../../src/gpu/device/adapter.ts";
import { bundledModel } from "../support/bundled.ts";
import { deviceMemory } from "../support/devices/device-memory.ts";
import { quickEngines } from "../support/devices/gpu.ts";

quickEngines();
const memory = await deviceMemory();
afterAll(() => memory.end());
const hasSwiftShader = await requestAdapter({ adapter: "swiftshader" }).then(
  () => true,
  () => false,
);

test("a model that is loaded, used and unloaded again and again leaves nothing", async () => {
  const engine = await createEngine();
  const left: number[] = [];
  for (let cycle = 0; cycle < 2; cycle++) {
    const { id } = await engine.load(bundledModel);
    expect(memory.bytes).toBeGreaterThan(9 << 20);
    await engine.completions.create({ model: id, prompt: "The sea", max_tokens: 4 });
    await engine.unload(id);
    left.push(memory.bytes);
  }
  await engine.dispose();
  expect(left[0]).toBeLessThan(1 << 20);
  expect(left[1]).toBe(left[0]);
});

describe.skipIf(!hasSwiftShader)("a device with too little memory", () => {
  test("gives back what a load took, and the error says what would fit", async () => {
    const engine = await createEngine({ gpu: { adapter: "swiftshader" } });
    const before = memory.bytes;
    memory.limit = before + (22 << 20); // staging takes 8, and weights of f32 19
    const refused = await engine.load(bundledModel, { dtype: "f32" }).catch((error: Error) => error.message);
    expect(refused).toMatch(
      /bytes could not be allocated: this model had \d+\.\d MiB until then; it fits with weights: "q8_0"$/,
    );
    expect(memory.bytes - before).toBeLessThan(1 << 20);
    // What the error advises is true: with that the same engine loads it and answers, in as little memory.
    const small = await engine.load(bundledModel, { weights: "q8_0" });
    const request = { prompt: "The sea", max_tokens: 1, model: small.id };
    expect((await engine.completions.create(request)).usage?.completion_tokens).toBe(1);
    await engine.dispose();
  });
});
