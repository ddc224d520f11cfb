// Encoder-decoders in an engine across a port, behind which is one in this thread: completions and the library's own
// methods give what float64 finds, whole and in parts, after an abort and a lost device too.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EncoderDecoder, loadEncoderDecoder } from "../../src/encoders.ts";
import { setEncoders } from "../../src/engine/direct/encoders.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { CompletionRequest } from "../../src/engine/openai/types.ts";
import { sequenceFolder, sequenceGolden, tolerances } from "../encoders/seq2seq/golden.ts";
import { atSubmit } from "../support/devices/at-moment.ts";
import { destroyable } from "../support/devices/destroyable.ts";
import { quickEngines, quickGpu } from "../support/devices/gpu.ts";
import { failure, openAcrossPort } from "./openers.ts";

setEncoders(() => import("../../src/encoders.ts"));
quickEngines();
const devices = await destroyable();
afterAll(() => devices.end());
const gpu = await quickGpu();
const { texts } = sequenceGolden("t5");
const [first] = texts;
const prompt = first?.text ?? "";
const prompts = texts.slice(0, 3).map(({ text }) => text);
const greedy = { max_tokens: 20, num_beams: 1 } as const;

let own: EncoderDecoder;
beforeAll(async () => {
  own = await loadEncoderDecoder(gpu, sequenceFolder("t5"));
});
afterAll(() => own.dispose());

/** The text of each choice of a stream, its usage, and how many parts there were. */
async function streamed(engine: Engine, request: Omit<CompletionRequest, "stream">) {
  const stream = await engine.completions.create({ ...request, stream: true, stream_options: { include_usage: true } });
  const found: string[] = [];
  const ends = new Map<number, string>();
  let [parts, usage] = [0, undefined as unknown];
  for await (const part of stream) {
    usage = part.usage ?? usage;
    for (const { index, text, finish_reason: end } of part.choices) {
      parts++;
      found[index] = (found[index] ?? "") + text;
      if (end) ends.set(index, end);
    }
  }
  return { found, ends: [...ends.values()], usage, parts };
}

describe("an engine on the other side of a port", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openAcrossPort();
    await engine.load(sequenceFolder("t5"), { id: "t5" });
  });
  afterAll(() => engine.dispose());

  test.each(["t5", "marian", "transformer-2017", "bart"] as const)("plans, loads and runs %s", async (name) => {
    const plan = await engine.plan(sequenceFolder(name));
    const phases = new Set<string>();
    const info = await engine.load(sequenceFolder(name), {
      id: name + 2,
      onProgress: ({ phase }) => phases.add(phase),
    });
    expect([...phases]).toEqual(["upload", "warm-up"]);
    const { architecture, weightBytes, quantisation, context, longestContext } = info;
    expect(info).toMatchObject({ kind: "encoder-decoder", chat: false });
    expect(plan).toMatchObject({ architecture, weightBytes, quantisation, chat: false, fits: true, context });
    expect(longestContext).toBeGreaterThanOrEqual(context);
    expect(plan.downloadBytes).toBeGreaterThan(info.fileBytes);
    const golden = sequenceGolden(name).texts[0];
    const request = { model: name + 2, prompt: golden?.text ?? "", ...greedy };
    const { choices, usage } = await engine.completions.create(request);
    expect(choices).toMatchObject([{ index: 0, text: golden?.greedy.text, logprobs: null }]);
    expect(usage).toMatchObject({ prompt_tokens: golden?.tokens.length, completion_tokens: golden?.greedy.ids.length });
    const best = golden?.beams?.[0];
    if (best) {
      const method = engine.encoderDecoder(name + 2);
      const { results } = await method.generate(golden.text, { maxTokens: 20, ...best.options });
      expect(results[0]?.ids).toEqual(best.results[0]?.ids);
      expect(Math.abs((results[0]?.score ?? 0) - (best.results[0]?.score ?? 9))).toBeLessThan(tolerances(name).scores);
      const searched = await engine.completions.create({ ...request, num_beams: best.options.beams });
      expect(searched.choices[0]?.text).toBe(results[0]?.text);
    }
    await engine.unload(name + 2);
  });

  test("writes a text from each source, whole and in parts, with usage", async () => {
    const whole = await engine.completions.create({ model: "t5", prompt: prompts, ...greedy });
    expect(whole).toMatchObject({ object: "text_completion", model: "t5", id: expect.stringMatching(/^cmpl-/) });
    expect(whole.choices.map(({ text }) => text)).toEqual(texts.slice(0, 3).map(({ greedy }) => greedy.text));
    const prompt_tokens = texts.slice(0, 3).reduce((sum, { tokens }) => sum + tokens.length, 0);
    const completion_tokens = texts.slice(0, 3).reduce((sum, { greedy }) => sum + greedy.ids.length, 0);
    expect(whole.usage).toMatchObject({ prompt_tokens, completion_tokens });
    expect(whole.usage?.total_tokens).toBe(prompt_tokens + completion_tokens);
    for (const num_beams of [1, 3]) {
      const request = { prompt: prompts, max_tokens: 20, num_beams };
      const { found, ends, usage, parts } = await streamed(engine, request);
      const { choices, usage: counted } = await engine.completions.create(request);
      expect(found).toEqual(choices.map(({ text }) => text));
      expect(ends).toEqual(choices.map(({ finish_reason: end }) => end));
      expect(usage).toEqual(counted);
      expect(parts).toBeGreaterThan(10);
    }
    const byIds = await engine.completions.create({
      prompt: texts.slice(0, 3).map(({ tokens }) => [...tokens]),
      ...greedy,
    });
    expect(byIds.choices).toEqual(whole.choices);
  });

  test("the folder says what a request does not: greedy, and how far", async () => {
    const { results } = await own.generate(prompt);
    const { choices } = await engine.completions.create({ prompt });
    expect(choices[0]?.text).toBe(results[0]?.text);
    const drawn = { prompt, temperature: 1, seed: -1, top_k: 5, top_p: 0.9, repetition_penalty: 1.2, max_tokens: 12 };
    const same = { temperature: 1, seed: 2 ** 32 - 1, topK: 5, topP: 0.9, repetitionPenalty: 1.2, maxTokens: 12 };
    const [direct] = (await own.generate(prompt, same)).results;
    expect((await engine.completions.create(drawn)).choices[0]?.text).toBe(direct?.text);
  });

  test("a text that ends it is left out", async () => {
    const [whole] = (await engine.completions.create({ prompt, ...greedy })).choices;
    const stop = whole?.text.slice(4, 7) ?? "";
    expect(stop).toHaveLength(3);
    const [cut] = (await engine.completions.create({ prompt, ...greedy, stop })).choices;
    expect(cut).toMatchObject({ text: whole?.text.split(stop)[0], finish_reason: "stop" });
  });

  test("the library's own methods give what they give there", async () => {
    const t5 = engine.encoderDecoder("t5");
    const pieces: unknown[] = [];
    const expected: unknown[] = [];
    const options = { maxTokens: 12, beams: 2, lengthPenalty: 0.6, earlyStopping: true, noRepeatNgram: 2, seed: 1 };
    const found = await t5.generate([prompt, texts[1]?.tokens ?? []], {
      ...options,
      onToken: (piece) => pieces.push(piece),
    });
    const direct = await own.generate([prompt, texts[1]?.tokens ?? []], {
      ...options,
      onToken: (piece) => expected.push(piece),
    });
    expect({ ...found, timings: {} }).toStrictEqual({ ...direct, timings: {} });
    expect(pieces).toStrictEqual(expected);
    expect(await t5.hidden(prompt, { target: [1, 2] })).toStrictEqual(await own.hidden(prompt, { target: [1, 2] }));
    const target = direct.results[0]?.ids ?? [];
    const weights = await t5.crossAttention(prompt, target, { perHead: true });
    expect(weights).toStrictEqual(await own.crossAttention(prompt, target, { perHead: true }));
    expect((await engine.tokenize(prompt, { model: "t5" })).tokens).toEqual(first?.tokens);
  });

  test("ends when it is left or aborted, and answers the next one", async () => {
    const long = { prompt: prompts[1] ?? "", num_beams: 1, max_tokens: 120 } as const; // one that repeats itself
    expect((await engine.completions.create(long)).choices[0]?.finish_reason).toBe("length");
    const left = await engine.completions.create({ ...long, stream: true });
    for await (const _ of left) break;
    const reason = new Error("enough");
    const stop = new AbortController();
    const stream = await engine.completions.create({ ...long, stream: true }, { signal: stop.signal });
    let parts = 0;
    for await (const _ of stream) if (++parts === 3) stop.abort(reason);
    expect(parts).toBeLessThan(100);
    const aborting = new AbortController();
    const whole = engine.completions.create(long, { signal: aborting.signal });
    const submits = atSubmit(5, () => aborting.abort(reason));
    await expect(whole).rejects.toBe(reason);
    expect(submits.finish()).toBeLessThan(100);
    await expect(engine.encoderDecoder().generate(prompt, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const { choices } = await engine.completions.create({ prompt, ...greedy });
    expect(choices[0]?.text).toBe(first?.greedy.text);
  });

  test.each<[string, object, object]>([
    ["an empty source", { prompt: " " }, { param: "prompt", message: "prompt is empty" }],
    ["no ids", { prompt: [[1, 2], []] }, { param: "prompt", message: "prompt is empty" }],
    ["an id that there is not", { prompt: [99_999] }, { param: "prompt", message: /99999, outside/ }],
    [
      "beams and a temperature",
      { num_beams: 4, temperature: 1 },
      { name: "OptionError", message: /beams is 4 and temp/ },
    ],
    ["beams and texts that end", { num_beams: 4, stop: "a" }, { name: "OptionError", message: /beams is 4 and stop/ }],
    ["beams over the limit", { num_beams: 33 }, { name: "OptionError", message: /beams is 33, expected at most 32/ }],
    ["more beams than any", { num_beams: 65 }, { param: "num_beams", message: /an integer from 1 to 64/ }],
    ["a length penalty alone", { length_penalty: 2 }, { name: "OptionError", message: /requires beams/ }],
    ["a wrong end of a search", { early_stopping: "soon" }, { param: "early_stopping", message: /"never"/ }],
    ["log-probabilities", { logprobs: 2 }, { param: "logprobs", code: "unsupported_value" }],
    [
      "an echo",
      { echo: true },
      { param: "echo", message: 'echo is true, which the encoder-decoder "t5" does not have; leave it out' },
    ],
    ["a penalty", { presence_penalty: 1 }, { param: "presence_penalty", code: "unsupported_value" }],
    ["a bias", { logit_bias: { 1: 5 } }, { param: "logit_bias", code: "unsupported_value" }],
    ["a schema", { response_format: { type: "json_object" } }, { param: "response_format", code: "unsupported_value" }],
    ["no tokens", { max_tokens: 0 }, { param: "max_tokens" }],
  ])("%s is refused by name", async (_, request, { message, ...error }: { message?: unknown }) => {
    for (const stream of [false, true]) {
      const refused = await engine.completions.create({ prompt, ...request, stream } as never).then(
        async (answer) => {
          for await (const _ of answer as unknown as AsyncIterable<unknown>);
          return new Error("it was accepted");
        },
        (reason: unknown) => reason,
      );
      expect(refused).toMatchObject({ name: "RequestError", ...error });
      if (message)
        expect((refused as Error).message).toEqual(
          message instanceof RegExp ? expect.stringMatching(message) : message,
        );
    }
  });

  test("values that ask for nothing are accepted", async () => {
    const nothing = {
      min_p: 0,
      presence_penalty: 0,
      frequency_penalty: 0,
      logit_bias: {},
      echo: false,
      n: 1,
      best_of: 1,
      response_format: { type: "text" } as const,
      logprobs: null,
      stop: null,
      user: "u",
    };
    const { choices } = await engine.completions.create({ prompt, ...greedy, ...nothing });
    expect(choices[0]?.text).toBe(first?.greedy.text);
  });

  test("what it does not do says what does", async () => {
    const is =
      'the model "t5" is an encoder-decoder: completions and encoderDecoder() take it, with a chat template chat.completions';
    const messages = [{ role: "user", content: "a" }];
    const refused = { name: "RequestError", message: is };
    expect(await failure(() => engine.chat.completions.create({ messages, model: "t5" }))).toEqual(refused);
    expect(await failure(() => engine.chat.completions.create({ messages }))).toEqual(refused);
    expect(await failure(() => engine.embeddings.create({ input: "a" }))).toEqual(refused);
    expect(await failure(() => engine.generate({ prompt: "a" }).result)).toEqual(refused);
    expect(await failure(() => engine.attention({ tokens: [1], position: 0 }))).toEqual(refused);
    expect(await failure(() => engine.encoder().hidden("a"))).toEqual(refused);
    expect(await failure(() => engine.tokenize(messages))).toEqual(refused);
    const { name, message } = await failure(() => engine.load(sequenceFolder("t5"), { id: "other", context: 64 }));
    expect([name, message]).toEqual([
      "OptionError",
      `load: context is for language models, and ${sequenceFolder("t5")} is an encoder-decoder; leave it out`,
    ]);
  });

  test("with a chat template it answers conversations", async () => {
    const chatTemplate = "{% for message in messages %}{{ message.content }}{% endfor %}";
    const info = await engine.load(sequenceFolder("t5"), { id: "talking", chatTemplate });
    expect(info.chat).toBe(true);
    const messages = [{ role: "user", content: prompt }];
    const { tokens } = await engine.tokenize(messages);
    const request = { messages, max_completion_tokens: 12 };
    const { choices, usage } = await engine.chat.completions.create(request);
    const [direct] = (await own.generate([tokens], { maxTokens: 12 })).results;
    expect(choices[0]?.message.content).toBe(direct?.text);
    expect(usage).toMatchObject({ prompt_tokens: tokens.length, completion_tokens: direct?.ids.length });
    let text = "";
    for await (const part of await engine.chat.completions.create({ ...request, stream: true })) {
      text += part.choices[0]?.delta.content ?? "";
    }
    expect(text).toBe(direct?.text);
    await engine.unload("talking");
  });

  test("the device lost in the middle: texts are what they would have been", async () => {
    const options = { maxTokens: 20, beams: 1 };
    const expected: unknown[] = [];
    const direct = await own.generate(prompts, { ...options, onToken: (piece) => expected.push(piece) });
    const pieces: unknown[] = [];
    const lost = await engine.encoderDecoder("t5").generate(prompts, {
      ...options,
      onToken(piece) {
        if (pieces.push(piece) === 4) devices.destroy();
      },
    });
    expect(lost.results).toStrictEqual(direct.results);
    expect(pieces).toStrictEqual(expected); // nothing comes twice

    const searched = await own.generate(prompts, { maxTokens: 20, beams: 3 });
    const request = { prompt: prompts, max_tokens: 20, num_beams: 3, stream: true } as const;
    const found = prompts.map(() => "");
    let parts = 0;
    for await (const { choices } of await engine.completions.create(request)) {
      if (++parts === 2) devices.destroy();
      for (const { index, text } of choices) found[index] += text;
    }
    expect(found).toEqual(searched.results.map(({ text }) => text));
  });
});
