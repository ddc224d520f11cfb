// Encoders in an engine: across a port, after a loss of the device, and in this thread by HTTP.
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createEngine } from "../../src/engine/create-engine.ts";
import { setEncoders } from "../../src/engine/direct/encoders.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { encoderFamilies } from "../../src/models/encoders/families.ts";
import { encoderTypes } from "../../src/models/model-kind.ts";
import { startServer } from "../../src/serve/server.ts";
import { encoderFolder, encoderNames, farthest, sentenceGolden } from "../encoders/encode/golden-encoders.ts";
import { sequenceFolder } from "../encoders/seq2seq/golden.ts";
import { bundledNano } from "../support/bundled.ts";
import { atSubmit } from "../support/devices/at-moment.ts";
import { destroyable } from "../support/devices/destroyable.ts";
import { quickEngines } from "../support/devices/gpu.ts";
import { openAcrossPort } from "./openers.ts";

const golden = sentenceGolden().filter(({ promptName }) => promptName === null);
const input = golden.map(({ text }) => text);
const vectors = golden.map(({ vector }) => vector);

quickEngines();
setEncoders(() => import("../../src/encoders.ts"));
const devices = await destroyable();
afterAll(() => devices.end());

test("the list of model types is that of the families, and USE-lite", () => {
  expect(encoderTypes).toEqual([...encoderFamilies.keys(), "use-lite"]);
});

describe("an engine on the other side of a port", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openAcrossPort();
  });
  afterAll(() => engine.dispose());

  // The types take turns.
  const folders = [...encoderNames.map(encoderFolder), "examples/models/use-lite"];
  test.each(folders.map((folder, i) => [folder, i % 2 ? ({ dtype: "f16" } as const) : {}] as const))(
    "plans what %s takes: %o",
    async (folder, options) => {
      const plan = await engine.plan(folder, options);
      const info = await engine.load(folder, { ...options, id: "planned" });
      await engine.unload("planned");
      const { architecture, weightBytes, quantisation } = info;
      expect(plan).toMatchObject({ architecture, weightBytes, quantisation, cacheBytes: 0, chat: false, fits: true });
      expect(plan.context).toBe(info.embedding?.maxTokens);
      expect(plan.longestContext).toBe(info.longestContext);
      expect(plan.downloadBytes).toBe(plan.cachedBytes); // a folder has all that it has
      expect(plan.downloadBytes).toBeGreaterThan(info.fileBytes);
    },
  );

  test("loads an encoder, says what it is, and makes its vectors", async () => {
    const info = await engine.load(encoderFolder("mpnet"), { id: "words" });
    expect(info).toMatchObject({ id: "words", architecture: "mpnet", chat: false, layers: 2, quantisation: "f32" });
    expect(info.embedding).toMatchObject({ pooling: ["max", "mean"], width: 20, normalized: true, maxTokens: 17 });
    expect(await engine.loaded()).toEqual([info]);
    expect((await engine.models.list()).data).toMatchObject([{ id: "words", owned_by: "shaderformer" }]);

    const { data, usage, model } = await engine.embeddings.create({ input });
    const made = data.map(({ embedding }) => embedding);
    expect(farthest(made, vectors)).toBeLessThan(2e-5);
    const tokens = golden.reduce((sum, { tokens }) => sum + tokens, 0);
    expect({ usage, model }).toEqual({ usage: { prompt_tokens: tokens, total_tokens: tokens }, model: "words" });

    const [coded] = (await engine.embeddings.create({ input, encoding_format: "base64" })).data;
    const bytes = Uint8Array.from(atob(coded?.embedding ?? ""), (character) => character.charCodeAt(0));
    expect([...new Float32Array(bytes.buffer)]).toEqual(made[0]);
    const [short] = (await engine.embeddings.create({ input: input[0] ?? "", dimensions: 8 })).data;
    expect(short?.embedding).toHaveLength(8);
    expect(Math.hypot(...(short?.embedding ?? []))).toBeCloseTo(1, 5);
    expect((await engine.tokenize("a b")).tokens).toHaveLength(4);

    const asked = sentenceGolden().filter(({ promptName }) => promptName === "query");
    const byName = await engine.embeddings.create({ input: asked.map(({ text }) => text), prompt_name: "query" });
    expect(
      farthest(
        byName.data.map(({ embedding }) => embedding),
        asked.map(({ vector }) => vector),
      ),
    ).toBeLessThan(2e-5);
    const { tokens: ids } = await engine.tokenize("text. a b"); // with the default prompt, which ids do not get
    const byIds = await engine.embeddings.create({ input: [ids, ids] });
    expect(byIds.usage.prompt_tokens).toBe(2 * ids.length);
    expect(byIds.data.map(({ embedding }) => embedding.length)).toEqual([20, 20]);
    expect((await engine.embeddings.create({ input: ids })).data[0]?.embedding).toEqual(byIds.data[1]?.embedding);
  });

  test("refuses what an encoder does not do", async () => {
    const isEncoder = 'the model "words" is an encoder: embeddings and encoder() take it';
    await expect(engine.completions.create({ prompt: "a" })).rejects.toThrow(isEncoder);
    await expect(engine.generate({ prompt: "a", model: "words" }).result).rejects.toThrow(isEncoder);
    await expect(engine.embeddings.create({ input: [1, 61] })).rejects.toThrow(
      "texts[0] has the token id 61, expected integers from 0 to 60",
    );
    await expect(engine.embeddings.create({ input: "a", prompt_name: "title" })).rejects.toThrow(
      'promptName is "title", but the prompts are query, passage',
    );
    await expect(engine.embeddings.create({ input: "a", dimensions: 21 })).rejects.toThrow("an integer from 1 to 20");
    await expect(engine.embeddings.create({ input: " " })).rejects.toThrow("texts[0] is empty");
  });

  test("refuses options of language models", async () => {
    const given = { context: 32, cache: { dtype: "f16" }, weights: "q8_0", chatTemplate: "a" } as const;
    for (const [name, value] of Object.entries(given)) {
      const loading = engine.load(encoderFolder("mpnet"), { id: "other", [name]: value });
      await expect(loading).rejects.toThrow(`load: ${name} is for language models, and `);
    }
    await expect(engine.plan(encoderFolder("mpnet"), { context: 32 })).rejects.toThrow(
      "plan: context is for language models, and ",
    );
  });

  test("next to a language model, each answers for itself", async () => {
    await engine.load(bundledNano, { id: "voices", context: 64 });
    expect((await engine.completions.create({ prompt: "a", max_tokens: 1 })).model).toBe("voices");
    expect((await engine.embeddings.create({ input, model: "words" })).data).toHaveLength(input.length);
    await expect(engine.embeddings.create({ input, model: "voices", prompt_name: "query" })).rejects.toThrow(
      "a language model has no prompts",
    );
    await engine.unload("voices");
    expect((await engine.loaded()).map(({ id }) => id)).toEqual(["words"]);
  });

  test("the device lost while texts are embedded: the answer is the same", async () => {
    const events: string[] = [];
    const unlisten = engine.onEvent(({ type }) => events.push(type));
    const many = Array.from({ length: 140 }, (_, i) => input[i % input.length] ?? "");
    const answering = engine.embeddings.create({ input: many, model: "words" });
    const submits = atSubmit(2, () => devices.destroy());
    const { data } = await answering;
    expect(submits.finish()).toBeGreaterThan(2);
    const made = data.map(({ embedding }) => embedding);
    expect(
      farthest(
        made,
        many.map((_, i) => vectors[i % vectors.length] ?? []),
      ),
    ).toBeLessThan(2e-5);
    await expect.poll(() => events, { timeout: 60_000 }).toEqual(["device-lost", "device-restored"]);
    unlisten();
  });
});

test("by HTTP: OpenAI's own client gets the vectors", async () => {
  const engine = await createEngine();
  await engine.load(encoderFolder("mpnet"), { id: "words" });
  const server = await startServer({ port: 0 });
  server.use(engine);
  const client = new OpenAI({ apiKey: "none", baseURL: `${server.url}/v1` });
  const { data } = await client.embeddings.create({ model: "words", input });
  expect(
    farthest(
      data.map(({ embedding }) => embedding),
      vectors,
    ),
  ).toBeLessThan(2e-5);
  await server.close();
  await engine.dispose();
});

test("an engine that was not given what takes encoders says so", async () => {
  vi.resetModules(); // other tests have given it, and what they import from here on is not what `quickEngines` watches
  const engine = await (await import("../../src/engine/create-engine.ts")).createEngine();
  const missing = 'is an encoder: setEncoders(() => import("shaderformer/encoders")) comes first';
  await expect(engine.load(encoderFolder("mpnet"))).rejects.toThrow(missing);
  expect(await engine.loaded()).toEqual([]);
  await expect(engine.plan(encoderFolder("mpnet"))).rejects.toThrow(missing);
  await expect(engine.load(sequenceFolder("t5"))).rejects.toThrow("is an encoder-decoder: setEncoders(");
  await engine.dispose();
});
