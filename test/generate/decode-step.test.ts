import { afterAll, expect, test } from "vitest";
import { knownTaps, runTapped } from "../../src/cli/inspect/tensor-text.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { openGpu } from "../../src/gpu/device/open.ts";
import { tasks } from "../browser/generate/tasks.ts";
import { bundledNano } from "../support/bundled.ts";

const gpu = await openGpu();
const model = await loadModel(gpu, bundledNano);
const { layers } = model.decoder.config;
afterAll(() => gpu.close());

test("a decode step makes no buffer, bind group or pipeline, uses one submit and reads 4 bytes", async () => {
  using session = model.session();
  const generation = session.generate("<|whale|>The sea", { temperature: 0.8, seed: 1, maxTokens: 60 });
  const counts = () => [gpu.buffers.created, gpu.bindGroups.made, gpu.pipelines.count];
  let settled: number[] | undefined;
  let submits = 0;
  let pieces = 0;
  const copies: number[] = [];
  const encoderProto = Object.getPrototypeOf(gpu.device.createCommandEncoder()) as GPUCommandEncoder;
  const copy = encoderProto.copyBufferToBuffer;
  encoderProto.copyBufferToBuffer = function (this: GPUCommandEncoder, ...args: unknown[]) {
    if (settled) copies.push(args[4] as number);
    return (copy as (...args: unknown[]) => undefined).apply(this, args);
  } as typeof copy;
  try {
    for await (const _ of generation) {
      if (++pieces === 10) {
        settled = counts();
        submits = gpu.submits;
      }
      if (pieces === 50) break;
    }
  } finally {
    encoderProto.copyBufferToBuffer = copy;
  }
  expect(counts()).toEqual(settled);
  // Steps in flight run up to three ahead of the pieces.
  expect(gpu.submits - submits).toBeGreaterThanOrEqual(40 - 3);
  expect(gpu.submits - submits).toBeLessThanOrEqual(40 + 3);
  expect(copies.length).toBe(gpu.submits - submits);
  expect(new Set(copies)).toEqual(new Set([4]));
});

const layouts = ["contiguous", "paged"] as const;

test.each(layouts)("a generation like one before makes no bind group, with a %s cache", async (layout) => {
  using other = await loadModel(gpu, bundledNano, { cache: { layout } });
  const options = { temperature: 0.8, seed: 1, maxTokens: 3, presencePenalty: 0.5, logitBias: { 5: 1 }, logprobs: 3 };
  const { first, again, atOnce, inSession } = await tasks.bindGroups(other, "<|whale|>The sea", options);
  expect(first).toBeGreaterThan(50);
  expect(inSession).toEqual([0, 0]);
  if (layout === "paged") return; // pages are freed with their session, and what binds them with them
  expect(again).toBe(0);
  expect(atOnce).toBeLessThan(first / 2); // three of them: which has which buffers is chance
});

test("a token takes few calls to encode, and the second compiles no more than the tenth", async () => {
  using session = model.session();
  await session.generate("<|whale|>The sea", { temperature: 0, maxTokens: 12 }).result;
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  const prototypes = [encoder, pass].map((one) => Object.getPrototypeOf(one) as Record<string, unknown>);
  pass.end();
  let calls = 0;
  const own = prototypes.flatMap((prototype) =>
    Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, { value: method }]) =>
      typeof method === "function" && name !== "constructor" ? [{ prototype, name, method }] : [],
    ),
  );
  for (const { prototype, name, method } of own) {
    prototype[name] = function (this: unknown, ...given: unknown[]) {
      calls++;
      return method.apply(this, given);
    };
  }
  const pipelines: number[] = [];
  const callsAt: number[] = [];
  const generation = session.generate(" was", { temperature: 0, maxTokens: 12 });
  try {
    for await (const _ of generation) {
      pipelines.push(gpu.pipelines.count);
      callsAt.push(calls);
    }
  } finally {
    for (const { prototype, name, method } of own) prototype[name] = method;
  }
  const { dispatchesPerToken } = await generation.result;
  // Embedding, head and sampling, and of a layer: q, k and v; rotating and storing; attention and the sum of its parts;
  // the output; gate and up; down.
  if (gpu.adapter.subgroupSize !== undefined) expect(dispatchesPerToken).toBe(3 + 7 * layers);
  else expect(dispatchesPerToken).toBeLessThanOrEqual(3 + 12 * layers);
  expect(new Set(pipelines).size).toBe(1);
  // Of a dispatch its pipeline, its bind groups and itself; of a step its pass and what is read back.
  for (let i = 1; i < 8; i++) {
    expect((callsAt[i] ?? 0) - (callsAt[i - 1] ?? 0)).toBeLessThanOrEqual(3 * dispatchesPerToken + 6);
  }
});

test("what a step does not write is computed for those who look: taps of one token are those of a prompt", async () => {
  const names = knownTaps(model);
  expect(names).toContain("layer.0.attention.k");
  expect(names.indexOf("layer.0.attention.k")).toBe(names.indexOf("layer.0.attention.q") + 1);
  const ids = model.tokenizer.encode("<|whale|>The sea was as smooth as glass, and we");
  expect(ids.length).toBeGreaterThan(8);
  const wanted = ["attention.q", "attention.k", "attention.v", "attention.out", "feed-forward.hidden", "residual"].map(
    (name) => `layer.1.${name}`,
  );
  const taps = async (tokens: readonly number[], names: readonly string[]) =>
    (await runTapped(model, tokens, true, names)).taps;
  const prompt = await taps(ids, [...wanted, "norm", "logits"]);
  const one = await taps(ids.slice(0, 1), [...wanted, "norm", "logits"]);
  const two = await taps(ids.slice(0, 2), ["layer.1.attention.q", "layer.1.attention.v"]);
  for (const [found, count] of [[one, 1] as const, [two, 2] as const]) {
    for (const [name, { values }] of found) {
      const all = prompt.get(name)?.values ?? new Float64Array();
      const expected = all.subarray(0, (all.length / ids.length) * count);
      expect(values.length, name).toBe(expected.length);
      const largest = Math.max(...expected.map(Math.abs));
      values.forEach((value, i) => {
        expect(Math.abs(value - (expected[i] ?? 0)), `${name} ${i}`).toBeLessThan(1e-4 * largest);
      });
    }
  }
  expect([...one.keys()].sort()).toEqual([...prompt.keys()].sort());
});
