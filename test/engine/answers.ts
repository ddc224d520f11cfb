// What an engine answers, whatever it runs on: tests of the direct engine and of that on the other side of a port.
import { expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import type { EnginePiece, GenerateRequest } from "../../src/engine/generate-request.ts";
import type { ChatCompletionRequest, CompletionRequest } from "../../src/engine/openai/types.ts";
import type { LoadProgress } from "../../src/formats/load-progress.ts";
import beams from "../golden/beams.json" with { type: "json" };
import { bundledModel, goldenPrompts } from "../support/bundled.ts";
import { atSubmit } from "../support/devices/at-moment.ts";

/** A template that gives a conversation as plain text. */
export const chatTemplate = "{% for message in messages %}{{ message.content }}{% endfor %}";

const missing = { prompt: [], options: {}, texts: [] };

/** Loads the bundled model under the id `voices`; gives what was reported meanwhile. */
export async function loadVoices(engine: Engine): Promise<LoadProgress[]> {
  const progress: LoadProgress[] = [];
  await engine.load(bundledModel, { id: "voices", chatTemplate, onProgress: (step) => progress.push(step) });
  return progress;
}

const greedy = { temperature: 0, maxTokens: 16 };
const [golden = goldenPrompts[0], other = goldenPrompts[1]] = goldenPrompts;
export const prompt = golden?.prompt ?? "";
export const messages = [{ role: "user", content: prompt }];
const expected = golden?.greedyTokens.slice(0, 16);

async function all<T>(parts: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const part of parts) list.push(part);
  return list;
}

/** Defines the tests of a load and of one text. `loading` is what the load of the bundled model reported. */
export function testLoading(engineOf: () => Engine, loading: () => readonly LoadProgress[]): void {
  test("a load reports its phases in order, and each never goes back", () => {
    const phases = [...new Set(loading().map(({ phase }) => phase))];
    expect(phases.filter((phase) => phase !== "download" && phase !== "verify")).toEqual([
      "upload",
      "compile",
      "warm-up",
    ]);
    for (const phase of phases) {
      const steps = loading().filter((step) => step.phase === phase);
      const done = steps.map((step) => step.done);
      expect(done).toEqual(done.toSorted((a, b) => a - b));
      expect(done.at(-1)).toBe(steps.at(-1)?.total);
    }
  });

  test("a generation gives pieces and a result: what an independent forward pass says", async () => {
    const generation = engineOf().generate({ prompt, ...greedy, logprobs: 2 });
    const pieces = await all(generation);
    const result = await generation.result;
    expect(result).toMatchObject({ model: "voices", tokens: expected, stopReason: "length" });
    expect(result.promptTokens).toEqual(golden?.promptTokens);
    expect(pieces.map(({ token }) => token)).toEqual(expected);
    expect(pieces.map(({ text }) => text).join("")).toBe(result.text);
    expect(pieces.every(({ rank, top }) => rank === 1 && top?.length === 2)).toBe(true);
    expect(pieces[0]?.logprob).toBeCloseTo(pieces[0]?.top?.[0]?.logprob ?? 0, 6);
  });
}

/** Defines the other tests. */
export function testAnswers(engineOf: () => Engine): void {
  test("tokens go on where a text of them does, from the cache of the session before", async () => {
    const engine = engineOf();
    const { tokens, texts } = await engine.tokenize(prompt, { model: "voices" });
    expect(tokens).toEqual(golden?.promptTokens);
    expect(texts).toHaveLength(tokens.length);
    const further = [...tokens, ...(expected ?? []).slice(0, 8)];
    const result = await engine.generate({ tokens: further, ...greedy, maxTokens: 8 }).result;
    expect(result.tokens).toEqual(expected?.slice(8));
    expect(result.cachedTokens).toBeGreaterThanOrEqual(tokens.length);
    expect((await engine.generate({ messages, ...greedy }).result).text).not.toBe("");
  });

  test("a search has the score that float64 finds", async () => {
    const [{ prompt: tokens, options, texts } = missing] = beams.cases;
    const request = { tokens, ...(options as Pick<GenerateRequest, "beams" | "maxTokens">) };
    const found = await engineOf().generate(request).result;
    expect(found.tokens).toEqual(texts[0]?.tokens);
    expect(found.score).toBeCloseTo(texts[0]?.score ?? 0, 4);
    expect(await engineOf().generate({ prompt, ...greedy }).result).not.toHaveProperty("score");
  });

  test("a seed gives the same text again, another a different one", async () => {
    const sampled = async (seed: number) =>
      (await engineOf().generate({ prompt, temperature: 1, maxTokens: 16, seed }).result).text;
    expect(await sampled(3)).toBe(await sampled(3));
    expect(await sampled(3)).not.toBe(await sampled(4));
  });

  test("a generation ends when it is stopped, left or aborted", async () => {
    const engine = engineOf();
    const long = { prompt, temperature: 0, maxTokens: 400 };
    const stopped = engine.generate(long);
    const pieces: EnginePiece[] = [];
    for await (const piece of stopped) if (pieces.push(piece) === 3) stopped.stop();
    expect(await stopped.result).toMatchObject({ stopReason: "abort" });
    expect(pieces.length).toBeLessThan(100);

    const left = engine.generate(long);
    for await (const _ of left) break;
    expect(await left.result).toMatchObject({ stopReason: "abort" });

    const aborted = engine.generate({ ...long, signal: AbortSignal.abort() });
    expect(await aborted.result).toMatchObject({ stopReason: "abort", tokens: [], promptTokens: golden?.promptTokens });
  });

  test("generations of one model take turns", async () => {
    const counts = [0, 0, 0];
    const ended: number[] = [];
    /** How many pieces each had when the last of them began, and the largest difference since, while all run. */
    let begun: readonly number[] | undefined;
    let furthest = 0;
    const run = async (one: number) => {
      const options = { temperature: 0.9, seed: one, maxTokens: 24 };
      for await (const _ of engineOf().generate({ prompt: one === 1 ? (other?.prompt ?? "") : prompt, ...options })) {
        counts[one] = (counts[one] ?? 0) + 1;
        if (ended.length > 0 || counts.includes(0)) continue;
        begun ??= [...counts];
        const since = counts.map((count, i) => count - (begun?.[i] ?? 0));
        furthest = Math.max(furthest, Math.max(...since) - Math.min(...since));
      }
      ended.push(one);
    };
    await Promise.all(counts.map((_, one) => run(one)));
    expect(counts).toEqual([24, 24, 24]);
    expect(begun).toBeDefined();
    expect(furthest).toBeLessThanOrEqual(3); // a step or two of each are in flight
  });

  test("a conversation is answered at once and in parts, with log-probabilities and usage", async () => {
    const engine = engineOf();
    const request: ChatCompletionRequest = {
      model: "voices",
      messages,
      temperature: 0,
      max_completion_tokens: 12,
      seed: 1,
      user: "u",
      store: true,
      logprobs: true,
      top_logprobs: 2,
      n: 1,
      tools: [],
      presence_penalty: null,
    };
    const whole = await engine.chat.completions.create({ ...request, stream: false });
    const [choice] = whole.choices;
    expect(whole).toMatchObject({ object: "chat.completion", model: "voices" });
    expect(choice).toMatchObject({ index: 0, finish_reason: "length", message: { role: "assistant", refusal: null } });
    const content = choice?.logprobs?.content ?? [];
    expect(content.map(({ token }) => token).join("")).toBe(choice?.message.content);
    const decoder = new TextDecoder();
    expect(content.map(({ bytes }) => decoder.decode(Uint8Array.from(bytes ?? []))).join("")).toBe(
      choice?.message.content,
    );
    expect(content.every(({ top_logprobs: top }) => top.length === 2)).toBe(true);
    const prompts = (await engine.tokenize(messages)).tokens.length;
    expect(whole.usage).toMatchObject({ prompt_tokens: prompts, completion_tokens: 12, total_tokens: prompts + 12 });

    const usage = { include_usage: true };
    const stream = await engine.chat.completions.create({ ...request, stream: true, stream_options: usage });
    expect(stream.controller).toBeInstanceOf(AbortController);
    const chunks = await all(stream);
    expect(chunks[0]?.choices[0]?.delta).toMatchObject({ role: "assistant" });
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe(choice?.message.content);
    expect(chunks.flatMap(({ choices }) => choices[0]?.logprobs?.content ?? [])).toEqual(content);
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("length");
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: prompts + 12 } });
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });

  const textOf = async (tokens: number) =>
    (await engineOf().generate({ prompt, temperature: 0, maxTokens: tokens }).result).text;

  test("texts are continued: several, echoed, until a stop text, with log-probabilities", async () => {
    const engine = engineOf();
    const request: CompletionRequest = {
      prompt: [prompt, other?.prompt ?? ""],
      temperature: 0,
      max_tokens: 8,
      echo: true,
    };
    const both = await engine.completions.create({ ...request, stream: false });
    expect(both.choices.map(({ index }) => index)).toEqual([0, 1]);
    expect(both.choices[0]?.text.endsWith(await textOf(8))).toBe(true);
    const parts = await all(await engine.completions.create({ ...request, stream: true }));
    const text = (index: number) =>
      parts
        .flatMap(({ choices }) => choices.filter((one) => one.index === index))
        .map((one) => one.text)
        .join("");
    expect([text(0), text(1)]).toEqual(both.choices.map((choice) => choice.text));

    const text16 = await textOf(16);
    const stop = "LORD";
    expect(text16).toContain(stop);
    const until = { prompt, temperature: 0, stop, max_tokens: 64, logprobs: 1, stream: false } as const;
    const stopped = await engine.completions.create(until);
    expect(stopped.choices[0]).toMatchObject({ finish_reason: "stop", text: text16.slice(0, text16.indexOf(stop)) });
    const logprobs = stopped.choices[0]?.logprobs;
    expect(logprobs?.token_logprobs).toHaveLength(logprobs?.tokens.length ?? 0);
    const defaults = await engine.completions.create({ prompt, temperature: 0, stream: false });
    expect(defaults.usage?.completion_tokens).toBe(16);
  });

  test("a bias makes a token certain, or keeps it away", async () => {
    const create = (bias: Record<string, number>) =>
      engineOf().completions.create({ prompt, temperature: 0, max_tokens: 4, logit_bias: bias, stream: false });
    const [first = 0] = expected ?? [];
    const { tokens } = await engineOf().tokenize("x");
    const wanted = tokens.at(-1) ?? 0;
    expect((await create({ [wanted]: 100 })).choices[0]?.text).toBe("xxxx");
    const without = await engineOf().generate({ prompt, ...greedy, logitBias: { [first]: -100 } }).result;
    expect(without.tokens[0]).not.toBe(first);
  });

  test("an answer is JSON, and what its schema accepts, where that is requested", async () => {
    const schema = {
      type: "object",
      required: ["mood", "count"],
      additionalProperties: false,
      properties: { mood: { enum: ["calm", "rough"] }, count: { type: "integer", minimum: 1, maximum: 9 } },
    };
    const format = { type: "json_schema", json_schema: { name: "sea", schema, strict: true } } as const;
    const request = { messages, temperature: 1, response_format: format, max_tokens: 100 } as const;
    for (const seed of [1, 2]) {
      const { choices } = await engineOf().chat.completions.create({ ...request, seed, stream: false });
      const value = JSON.parse(choices[0]?.message.content ?? "");
      expect(Object.keys(value)).toEqual(["mood", "count"]);
      expect(schema.properties.mood.enum).toContain(value.mood);
      expect(Number.isInteger(value.count) && value.count >= 1 && value.count <= 9).toBe(true);
      expect(choices[0]?.finish_reason).toBe("stop");
    }
    const object = { prompt, temperature: 0, maxTokens: 8, responseFormat: { type: "json_object" } } as const;
    const { text } = await engineOf().generate(object).result;
    expect(text).toMatch(/^\{\S/); // a model may fill an answer with white space where it is let
  });

  test("proposed tokens give the same text, also where it has to be JSON", async () => {
    const json = { ...greedy, prompt: '[{"a": 1}, {"a": 2}, ', responseFormat: { type: "json_object" } } as const;
    const speculative = { kind: "prompt-lookup", tokens: 4 } as const;
    for (const request of [json, { prompt: "the ship, the ship, the", seed: 4, maxTokens: 20 }]) {
      const { tokens, text } = await engineOf().generate(request).result;
      const proposed = await engineOf().generate({ ...request, speculative }).result;
      expect(proposed).toMatchObject({ tokens, text, speculative: { steps: expect.any(Number) } });
    }
  });

  test("texts become vectors of length 1, as numbers or base64 of the same", async () => {
    const { embeddings } = engineOf();
    const input = [prompt, other?.prompt ?? ""];
    const { data, usage } = await embeddings.create({ input, encoding_format: "float" });
    expect(data.map(({ index, object }) => [index, object])).toEqual([
      [0, "embedding"],
      [1, "embedding"],
    ]);
    for (const { embedding } of data) expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    expect(usage.prompt_tokens).toBe((golden?.promptTokens.length ?? 0) + (other?.promptTokens.length ?? 0));
    const coded = await embeddings.create({ input, encoding_format: "base64" });
    const [first = ""] = coded.data.map(({ embedding }) => embedding);
    const bytes = Uint8Array.from(atob(first), (character) => character.charCodeAt(0));
    expect([...new Float32Array(bytes.buffer)]).toEqual(data[0]?.embedding);
    const [short] = (await embeddings.create({ input: prompt, dimensions: 8 })).data;
    expect(short?.embedding).toHaveLength(8);
  });

  test("models are listed, and one is retrieved by its id", async () => {
    const { models } = engineOf();
    const { object, data } = await models.list();
    expect(object).toBe("list");
    expect(data).toEqual([await models.retrieve("voices")]);
    expect((await all(await models.list())).map(({ id }) => id)).toEqual(["voices"]);
    expect(data[0]).toMatchObject({ object: "model", owned_by: "shaderformer" });
    expect(await engineOf().loaded()).toMatchObject([
      { id: "voices", chat: true, architecture: "LlamaForCausalLM", context: 512 },
    ]);
    expect((await engineOf().device()).limits.binding).toBeGreaterThan(0);
  });

  test("a call whose signal aborts throws its reason", async () => {
    const reason = new Error("no longer needed");
    const controller = new AbortController();
    const { signal } = controller;
    const answer = engineOf().completions.create({ prompt, max_tokens: 400, stream: false }, { signal });
    const submits = atSubmit(5, () => controller.abort(reason));
    expect(await answer.catch((error: unknown) => error)).toBe(reason);
    expect(submits.finish()).toBeLessThan(400);
    const load = engineOf().load(bundledModel, { id: "other", signal: AbortSignal.abort(reason) });
    expect(await load.catch((error: unknown) => error)).toBe(reason);
    expect((await engineOf().loaded()).map(({ id }) => id)).toEqual(["voices"]);
  });

  test("a stream that is left or aborted ends its generation, and the next one runs", async () => {
    const request = { messages, temperature: 0, stream: true } as const;
    const left = await engineOf().chat.completions.create(request);
    for await (const _ of left) break;
    const aborted = await engineOf().chat.completions.create(request);
    let parts = 0;
    for await (const _ of aborted) if (++parts === 3) aborted.controller.abort();
    expect(parts).toBeLessThan(100);
    const next = await engineOf().chat.completions.create({ messages, max_tokens: 2, stream: false });
    expect(next).toMatchObject({ usage: { completion_tokens: 2 } });
  });
}
