// An engine whose device is lost, in every state: what it says is what it would have said.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createEngine } from "../../src/engine/create-engine.ts";
import { createWorkerEngine } from "../../src/engine/create-worker-engine.ts";
import type { Engine, EngineEvent } from "../../src/engine/engine.ts";
import type { GenerateRequest } from "../../src/engine/generate-request.ts";
import { serveEngine } from "../../src/engine/port/serve-engine.ts";
import { bundledMixture, bundledNano } from "../support/bundled.ts";
import { atSubmit } from "../support/devices/at-moment.ts";
import { destroyable } from "../support/devices/destroyable.ts";
import { quickEngines } from "../support/devices/gpu.ts";
import { attempts } from "../support/fuzz.ts";

quickEngines();
const devices = await destroyable();
let engine: Engine;
const events: EngineEvent["type"][] = [];

beforeAll(async () => {
  engine = await createEngine({ concurrency: 2 });
  engine.onEvent(({ type }) => events.push(type));
  await engine.load(bundledNano, { id: "dense" });
});
afterAll(async () => {
  await engine?.dispose();
  devices.end();
});
beforeEach(() => {
  events.length = 0;
});

const prompt = "<|whale|>The sea was";
const greedy = { model: "dense", prompt, temperature: 0, seed: 1, maxTokens: 24 };
const sampled = { ...greedy, temperature: 0.9, topK: 50, seed: 21, presencePenalty: 0.5, repetitionPenalty: 1.1 };

/** Text and tokens of a request; `lose` is called with the number of tokens so far, before each is read. */
async function run(request: GenerateRequest, lose: (tokens: number) => void = () => {}, of: Engine = engine) {
  const generation = of.generate(request);
  const iterator = generation[Symbol.asyncIterator]();
  let text = "";
  const tokens: number[] = [];
  for (;;) {
    lose(tokens.length);
    const { done, value } = await iterator.next();
    if (done) break;
    text += value.text;
    if (value.token !== undefined) tokens.push(value.token);
  }
  const { text: whole, tokens: all, stopReason, seed } = await generation.result;
  expect([text, tokens]).toEqual([whole, all]);
  return { text, tokens, stopReason, seed };
}

/** Loses the device once, at this number of tokens. */
const at = (place: number) => {
  let done = false;
  return (tokens: number) => {
    if (done || tokens !== place) return;
    done = true;
    devices.destroy();
  };
};

/** A text that repeats, so that there is something to propose. */
const proposed = {
  ...greedy,
  prompt: "<|whale|>the ship, the ship, the ship, the",
  temperature: 0.3,
  speculative: { kind: "prompt-lookup", tokens: 4 },
} as const;

test.each<[string, GenerateRequest]>([
  ["greedy", greedy],
  ["sampled", sampled],
  ["proposed", proposed],
])("%s text is the same, whenever the device is lost", async (_, request) => {
  const whole = await run(request);
  expect(whole.tokens.length).toBe(24);
  for (const place of [11, 0, 1, 2, 23].slice(0, attempts(5, 1))) {
    events.length = 0;
    expect(await run(request, at(place))).toEqual(whole);
    expect(events).toEqual(["device-lost", "device-restored"]);
  }
});

test("text in the form of a schema is the same, too", async () => {
  const schema = {
    type: "object",
    required: ["mood", "count"],
    additionalProperties: false,
    properties: { mood: { enum: ["calm", "rough"] }, count: { type: "integer", minimum: 1, maximum: 9 } },
  };
  const responseFormat = { type: "json_schema", json_schema: { name: "sea", schema } } as const;
  const request = {
    ...sampled,
    presencePenalty: 0,
    repetitionPenalty: 1,
    responseFormat,
    temperature: 1,
    topK: 0,
    maxTokens: 120,
  };
  const whole = await run(request);
  expect(schema.properties.mood.enum).toContain(JSON.parse(whole.text).mood);
  for (const place of [4, 1].slice(0, attempts(2, 1))) expect(await run(request, at(place))).toEqual(whole);
});

test.runIf(attempts(1, 0))("a seed that was drawn by itself goes on, too", async () => {
  const { seed: _, ...drawn } = sampled;
  const lost = await run(drawn, at(9));
  expect(await run({ ...drawn, seed: lost.seed })).toEqual(lost);
});

test.runIf(attempts(1, 0))("during a prefill of several submits", async () => {
  const long = {
    ...greedy,
    prompt: `<|whale|>${"The sea was calm and the ship lay still. ".repeat(20)}`,
    maxTokens: 6,
  };
  const whole = await run(long);
  const losing = run(long);
  const submits = atSubmit(2, () => devices.destroy());
  expect(await losing).toEqual(whole);
  expect(submits.finish()).toBeGreaterThan(2);
});

test("twice in a row, and again, in one text", async () => {
  const whole = await run(greedy);
  const places = new Set([3, 4, 17].slice(0, attempts(3, 2)));
  const losses = places.size;
  expect(await run(greedy, (tokens) => void (places.delete(tokens) && devices.destroy()))).toEqual(whole);
  expect(events).toEqual(Array.from({ length: losses }, () => ["device-lost", "device-restored"]).flat());
});

test("between texts, with the next one asked for at once", async () => {
  const whole = await run(greedy);
  devices.destroy();
  expect(await run(greedy)).toEqual(whole);
});

test("with nothing asked for, it is replaced by itself", async () => {
  devices.destroy();
  await expect.poll(() => events, { timeout: 60_000 }).toEqual(["device-lost", "device-restored"]);
  expect((await run({ ...greedy, maxTokens: 2 })).tokens.length).toBe(2);
});

test("several texts at once, and those that wait for their turn", async () => {
  const requests = [1, 2, 3, 4, 5].map((seed) => ({ ...sampled, seed, maxTokens: 12 }));
  const alone = [];
  for (const request of requests) alone.push(await run(request));
  let lost = false;
  const lose = (tokens: number) => {
    if (lost || tokens < 5) return;
    lost = true;
    devices.destroy();
  };
  expect(await Promise.all(requests.map((request) => run(request, lose)))).toEqual(alone);
});

test("while a model is loading: it loads, and so does what was there", async () => {
  const whole = await run(greedy);
  for (const phase of (["upload", "compile", "warm-up"] as const).slice(0, attempts(3, 1))) {
    events.length = 0;
    let lost = false;
    const { id } = await engine.load(bundledMixture, {
      id: `moe-${phase}`,
      onProgress: (progress) => {
        if (lost || progress.phase !== phase) return;
        lost = true;
        devices.destroy();
      },
    });
    expect(lost).toBe(true);
    expect(events).toEqual(["device-lost", "device-restored"]);
    const { choices } = await engine.completions.create({ model: id, prompt, temperature: 0, max_tokens: 4 });
    expect(choices[0]?.text).not.toBe("");
    await engine.unload(id);
  }
  expect(await run(greedy)).toEqual(whole);
});

test("whatever is asked of the engine meanwhile", async () => {
  const before = (await engine.completions.create({ ...greedyRequest })).choices[0]?.text;
  devices.destroy();
  const [completion, device, models] = await Promise.all([
    engine.completions.create({ ...greedyRequest }),
    engine.device(),
    engine.models.list(),
  ]);
  expect(completion.choices[0]?.text).toBe(before);
  expect(device.info.label).not.toBe("");
  expect(models.data.map(({ id }) => id)).toEqual(["dense"]);
  devices.destroy();
  await engine.load(bundledMixture, { id: "moe" });
  devices.destroy();
  await engine.unload("moe"); // while it is being loaded anew
  expect((await engine.models.list()).data.map(({ id }) => id)).toEqual(["dense"]);
  expect((await engine.completions.create({ ...greedyRequest })).choices[0]?.text).toBe(before);
});
const greedyRequest = { model: "dense", prompt, temperature: 0, max_tokens: 8 };

test("a text that is stopped while there is no device ends with what there is", async () => {
  const generation = engine.generate(sampled);
  const iterator = generation[Symbol.asyncIterator]();
  const first = await iterator.next();
  devices.destroy();
  generation.stop();
  const { text, stopReason } = await generation.result;
  expect([text, stopReason]).toEqual([(first.value as { readonly text: string }).text, "abort"]);
});

test("an engine that is disposed of is not given another device", async () => {
  const other = await createEngine();
  const seen: string[] = [];
  other.onEvent(({ type }) => seen.push(type));
  await other.load(bundledNano);
  const pieces = other.generate({ prompt, maxTokens: 50 });
  const iterator = pieces[Symbol.asyncIterator]();
  await iterator.next();
  const opened = devices.opened;
  await other.dispose();
  await expect(pieces.result).rejects.toThrow(/disposed|closed/);
  expect([seen, devices.opened]).toEqual([[], opened]);
});

test("on the other side of a port the stream goes on, too", async () => {
  const { port1, port2 } = new MessageChannel();
  serveEngine(port2);
  const other = await createWorkerEngine(port1);
  const seen: string[] = [];
  other.onEvent(({ type }) => seen.push(type));
  await other.load(bundledNano, { id: "dense" });
  const whole = await run(greedy, undefined, other);
  expect(await run(greedy, at(7), other)).toEqual(whole);
  expect(seen).toEqual(["device-lost", "device-restored"]);
  await other.dispose();
  port1.close();
});
