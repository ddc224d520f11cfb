import { describe, expect, test } from "vitest";
import { cachePairs } from "../../src/blocks/kv-cache/cache.ts";
import { difference } from "../../src/check/compare.ts";
import { randomSource } from "../../src/check/random.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { maxBatch } from "../../src/kernels/step.ts";
import { forward, logits } from "../../src/models/decoders/decoder.ts";
import { placed, placeholder, replacements } from "../../src/tensor/tensor.ts";
import { bundledNano, goldenPrompts } from "../support/bundled.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const gpu = await quickGpu();
const model = await loadModel(gpu, bundledNano);

const source = randomSource(7);
const ids = Array.from({ length: 150 }, () => 6 + source.integer(2042));

/** Logits after prefilling `ids` in pieces of these lengths. */
async function prefilled(pieces: readonly number[]): Promise<Float64Array> {
  using session = model.session();
  let at = 0;
  for (const length of pieces) {
    await session.state.prefill(0, ids.slice(at, at + length), at);
    at += length;
  }
  return await session.state.logits.read();
}

describe("prefill in pieces equals prefill in one", async () => {
  const whole = await prefilled([150]);
  for (const pieces of [[64, 64, 22], [149, 1], [1, 149], new Array<number>(15).fill(10)]) {
    test(`pieces of ${pieces.slice(0, 4).join(", ")}${pieces.length > 4 ? ", …" : ""}`, async () => {
      const { nmse, misplaced } = difference(await prefilled(pieces), whole);
      expect(misplaced).toBe(-1);
      expect(nmse).toBeLessThan(1e-10);
    });
  }
});

test("prefill of n equals prefill of m and n − m decode steps", async () => {
  const n = 40;
  const m = 25;
  const { config } = model.decoder;
  using session = model.session();
  const { state } = session;
  await state.prefill(0, ids.slice(0, m), 0);
  const recorded = model.programs.decode(1, model.programs.visible(n), { penalties: false, logprobs: 0 });
  const step = placeholder(gpu, [maxBatch, 4], "u32", "step");
  const program = gpu.record(() => {
    const place = { step };
    const visible = model.programs.visible(n);
    const { ropeTables } = model.programs;
    const stream = forward(model.decoder, { batch: 1, cache: recorded.cache, ropeTables, place, visible });
    return logits(model.decoder, stream, "last");
  });
  const pairs = cachePairs(recorded.cache, await state.cache.tensors(recorded.visible));
  const instance = await program.instantiate(replacements([...pairs, [step, state.step]]));
  for (let position = m; position < n; position++) {
    const row = Uint32Array.from([position, 1, ids[position] ?? 0, 0]);
    await gpu.write(state.step.storage, 0, new Uint8Array(row.buffer));
    instance.run();
  }
  const decoded = await placed(instance, program.result).read();
  using other = model.session();
  await other.state.prefill(0, ids.slice(0, n), 0);
  const whole = await other.state.logits.read();
  expect(decoded.length).toBe(config.vocabulary);
  expect(difference(decoded, whole).nmse).toBeLessThan(1e-10);
});

test("a batch equals its prompts alone", async () => {
  const prompts = goldenPrompts.map(({ prompt }) => prompt);
  const seed = prompts.map((_, i) => 100 + i);
  for (const temperature of [0, 0.8]) {
    const options = { temperature, topK: 40, maxTokens: 12 };
    const batch = await model.generate(prompts, { ...options, seed }).result;
    for (const [i, prompt] of prompts.entries()) {
      const alone = await model.generate(prompt, { ...options, seed: seed[i] }).result;
      expect(batch.rows[i]).toEqual(alone.rows[0]);
    }
  }
});
