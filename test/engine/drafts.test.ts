// A model that is loaded with another one that proposes tokens for it, on the other side of a port.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine, EngineEvent } from "../../src/engine/engine.ts";
import type { GenerateRequest } from "../../src/engine/generate-request.ts";
import { goldenFolders } from "../generate/models/golden-folder.ts";
import { otherAngles } from "../generate/speculative/speculative-texts.ts";
import { bundledModel, bundledNano } from "../support/bundled.ts";
import { destroyable } from "../support/devices/destroyable.ts";
import { quickEngines } from "../support/devices/gpu.ts";
import { openAcrossPort } from "./openers.ts";

quickEngines();
const devices = await destroyable();
afterAll(() => devices.end());

const draft = await otherAngles();
const prompt = "<|whale|>the ship, the ship, the ship, the";
const greedy: GenerateRequest = { prompt, temperature: 0, maxTokens: 24 };
const drawn: GenerateRequest = { prompt, temperature: 0.8, topK: 40, seed: 3, maxTokens: 24, frequencyPenalty: 0.2 };

describe("an engine on the other side of a port", () => {
  let engine: Engine;
  const events: EngineEvent["type"][] = [];
  const phases: string[] = [];
  beforeAll(async () => {
    engine = await openAcrossPort();
    engine.onEvent(({ type }) => events.push(type));
    await engine.load(bundledNano, {
      id: "voices",
      context: 256,
      speculative: { kind: "draft", from: draft, tokens: 4 },
      onProgress: ({ phase, done, total }) => {
        expect(done).toBeLessThanOrEqual(total);
        phases.push(phase);
      },
    });
  });
  afterAll(() => engine.dispose());

  test("says which model proposes, which is none of those that answer", async () => {
    expect(await engine.loaded()).toMatchObject([
      { id: "voices", draft: expect.stringContaining("shaderformer-draft-") },
    ]);
    expect(phases.at(-1)).toBe("warm-up");
  });

  test("a plan counts the model that proposes", async () => {
    const options = { context: 256, cache: { dtype: "f16" } } as const;
    const own = await engine.plan(bundledNano, options);
    const draft = await engine.plan(bundledModel, { context: 256, weights: "q8_0" });
    const speculative = { kind: "draft", from: bundledModel, weights: "q8_0", tokens: 4 } as const;
    const plan = await engine.plan(bundledNano, { ...options, speculative });
    const sizes = ["downloadBytes", "cachedBytes", "weightBytes", "cacheBytes", "temporaryBytes"] as const;
    for (const size of sizes) expect([size, plan[size]]).toEqual([size, own[size] + draft[size]]);
    expect(plan).toMatchObject({ name: own.name, context: 256, fits: true, draft: { name: draft.name, fits: true } });
    expect(own.draft).toBeUndefined();
    expect(await engine.plan(bundledNano, { ...options, speculative: { kind: "prompt-lookup" } })).toEqual(own);
    const short = { kind: "draft", from: `${goldenFolders}/gpt-oss` } as const;
    const { longestContext } = await engine.plan(short.from);
    const refused = await engine.plan(bundledNano, { speculative: short, context: longestContext + 1 });
    expect(refused).toMatchObject({
      fits: false,
      why: expect.stringMatching(
        new RegExp(
          `^the draft model .*gpt-oss: has a context of ${longestContext} tokens, expected at least ${longestContext + 1}$`,
        ),
      ),
    });
  });

  test("greedy text is that without proposals, and what is kept is said", async () => {
    const plain = await engine.generate({ ...greedy, speculative: "none" }).result;
    expect(plain.speculative).toBeUndefined();
    const own = await engine.generate(greedy).result;
    expect(own).toMatchObject({ tokens: plain.tokens, text: plain.text });
    const { steps = 0, drafted = 0, accepted = 0 } = own.speculative ?? {};
    expect(steps + accepted).toBe(23);
    expect([drafted > 0, accepted > 0]).toEqual([true, true]);
    const lookup = await engine.generate({ ...greedy, speculative: { kind: "prompt-lookup" } }).result;
    expect(lookup.tokens).toEqual(plain.tokens);
    const fewer = await engine.generate({ ...greedy, speculative: { kind: "draft", tokens: 1 } }).result;
    expect(fewer.tokens).toEqual(plain.tokens);
    expect(fewer.speculative?.drafted).toBeLessThanOrEqual(fewer.speculative?.steps ?? 0);
  });

  test("usage in OpenAI's form has the tokens that were kept and those that were not", async () => {
    const request = { prompt, temperature: 0, max_tokens: 24 };
    const { speculative: { drafted = 0, accepted = 0 } = {} } = await engine.generate(greedy).result;
    const { usage } = await engine.completions.create(request);
    expect(usage?.completion_tokens_details).toEqual({
      accepted_prediction_tokens: accepted,
      rejected_prediction_tokens: drafted - accepted,
    });
    const stream = await engine.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    });
    let last: unknown;
    for await (const part of stream) last = part.usage;
    expect(last).toEqual(usage);
  });

  test("several at once have the texts that they have alone", async () => {
    const requests = [drawn, { ...greedy, prompt: "<|whale|>The sea" }, { ...drawn, seed: 5 }];
    const alone: string[] = [];
    for (const request of requests) alone.push((await engine.generate(request).result).text);
    const together = await Promise.all(requests.map((request) => engine.generate(request).result));
    expect(together.map(({ text }) => text)).toEqual(alone);
    for (const { speculative } of together) expect(speculative?.drafted).toBeGreaterThan(0);
  });

  test("an answer has the form of a schema", async () => {
    const properties = { mood: { enum: ["calm", "rough"] } };
    const schema = { type: "object", required: ["mood"], properties, additionalProperties: false };
    const responseFormat = { type: "json_schema", json_schema: { name: "sea", schema } } as const;
    const { text, speculative } = await engine.generate({ ...drawn, responseFormat, maxTokens: 60 }).result;
    expect(["calm", "rough"]).toContain(JSON.parse(text).mood);
    expect(speculative?.steps).toBeGreaterThan(0);
  });

  test("leaving a generation ends it, and the next one is right", async () => {
    let taken = 0;
    for await (const _ of engine.generate({ ...drawn, maxTokens: 200 })) if (++taken === 5) break;
    const plain = await engine.generate({ ...greedy, speculative: "none" }).result;
    expect((await engine.generate(greedy).result).text).toBe(plain.text);
  });

  test("goes on after the loss of the device: greedily with the same text, else with what it had", async () => {
    const requests = [greedy, drawn];
    const whole = await Promise.all(requests.map((request) => engine.generate(request).result));
    events.length = 0;
    const found: number[][] = [[], []];
    let before: number[] | undefined;
    const run = async (request: GenerateRequest, tokens: number[] = []) => {
      for await (const { token } of engine.generate(request)) {
        if (token !== undefined) tokens.push(token);
        if (before || found.some(({ length }) => length < 5)) continue;
        before = found.map(({ length }) => length);
        devices.destroy();
      }
    };
    await Promise.all(requests.map((request, i) => run(request, found[i])));
    expect(events).toEqual(["device-lost", "device-restored"]);
    for (const [i, tokens] of found.entries()) {
      expect(tokens).toHaveLength(24);
      expect(tokens.slice(0, before?.[i])).toEqual(whole[i]?.tokens.slice(0, before?.[i]));
    }
    expect(found[0]).toEqual(whole[0]?.tokens);
    expect(await engine.loaded()).toMatchObject([{ draft: expect.stringContaining("shaderformer-draft-") }]);
  });

  test("a draft model whose tokens are others is refused with both names, and nothing is loaded then", async () => {
    const speculative = { kind: "draft", from: `${goldenFolders}/gpt-oss` } as const;
    await expect(engine.load(bundledNano, { id: "wrong", context: 64, speculative })).rejects.toThrow(
      /load: speculative\.from is .*gpt-oss, which has \d+ tokens, expected the 2048 of .*voices-nano/,
    );
    expect((await engine.loaded()).map(({ id }) => id)).toEqual(["voices"]);
  });

  test("a request for a draft model that there is not", async () => {
    await engine.load(bundledNano, { id: "alone", context: 64 });
    const asked = engine.generate({ ...greedy, model: "alone", speculative: { kind: "draft" } }).result;
    await expect(asked).rejects.toThrow(/alone was loaded without a draft model: load it with speculative/);
    expect(() => engine.generate({ ...greedy, speculative: { kind: "draft", tokens: 8 } })).toThrow(
      /speculative\.tokens is 8, expected an integer from 1 to 7/,
    );
    await engine.unload("alone");
  });
});
