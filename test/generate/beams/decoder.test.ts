import { afterAll, describe, expect, test, vi } from "vitest";
import type { LanguageModel } from "../../../src/generate/language-model.ts";
import { loadModel, type ModelOptions } from "../../../src/generate/load/load-model.ts";
import type { GenerationOptions } from "../../../src/generate/options.ts";
import { openGpu } from "../../../src/gpu/device/open.ts";
import { GpuError } from "../../../src/gpu/errors.ts";
import { tune } from "../../../src/kernels/tuning.ts";
import { OptionError } from "../../../src/options/errors.ts";
import golden from "../../golden/beams.json" with { type: "json" };
import { bundledModel, bundledNano } from "../../support/bundled.ts";
import { quick, quickGpu } from "../../support/devices/gpu.ts";

const gpu = await quickGpu();
const load = async (folder: string, options: ModelOptions = {}): Promise<LanguageModel> => {
  const model = await loadModel(gpu, folder, options);
  afterAll(() => model.dispose());
  return model;
};
const model = await load(bundledNano, { context: 128 });
const prompt = "<|whale|>The captain";
const ids = model.tokenizer.encode(prompt);

/** The score of a text, from log-probabilities that one prefill of it all gives. */
async function scored(of: LanguageModel, before: readonly number[], tokens: readonly number[], lengthPenalty = 1) {
  const logprobs = await of.score([...before, ...tokens]);
  const total = logprobs.slice(before.length - 1).reduce((sum, one) => sum + one, 0);
  return total / tokens.length ** lengthPenalty;
}

// The first case is one of engine/answers.ts.
describe("texts and scores of a search in float64", async () => {
  const contiguous = await load(bundledModel, { context: 128 });
  const inPages = await load(bundledModel, { context: 128, cache: { layout: "paged" } });
  for (const [i, { prompt, options, texts }] of golden.cases.slice(1).entries()) {
    const { beams, lengthPenalty, earlyStopping, noRepeatNgram } = options;
    test(`beams ${beams}, lengthPenalty ${lengthPenalty}, earlyStopping ${earlyStopping}, noRepeatNgram ${noRepeatNgram}`, async () => {
      const { rows } = await (i % 2 ? inPages : contiguous).generate(prompt, options as GenerationOptions).result;
      expect(rows[0]?.tokens).toEqual(texts[0]?.tokens);
      expect(Math.abs((rows[0]?.score ?? 0) - (texts[0]?.score ?? 0))).toBeLessThan(1e-4);
    });
  }
});

describe("rows are copied whatever the cache is", () => {
  // What is copied of other plain types is the same words, of which `copyCacheRows` has its own tests.
  const caches = [{ dtype: "int8" }, { dtype: "bf16", layout: "paged" }] as const;
  test.each(caches)("$dtype $layout", async (cache) => {
    const own = await load(bundledNano, { context: 128, cache });
    const { rows } = await own.generate(ids, { beams: 3, maxTokens: 8 }).result;
    expect(Math.abs((rows[0]?.score ?? 0) - (await scored(own, ids, rows[0]?.tokens ?? [])))).toBeLessThan(2e-3);
  });
});

test("prompts of unequal length at once are each as it is alone, and only the best pairs are read back", async () => {
  const prompts = [ids, [...ids, 275, 265, 494]];
  const options = { beams: 3, maxTokens: 9, noRepeatNgram: 3 };
  const sizes: number[] = [];
  const taken = gpu.takeStaging.bind(gpu);
  const spy = vi.spyOn(gpu, "takeStaging").mockImplementation((bytes) => {
    sizes.push(bytes);
    return taken(bytes);
  });
  const { rows, text } = await model.generate(prompts, options).result.finally(() => spy.mockRestore());
  // Of two sources, max(2, 1 + 1) · 3 pairs of 8 bytes: two for each beam and end token.
  expect(sizes).toEqual(new Array<number>(9).fill(2 * 6 * 8));
  expect(text).toBe(undefined);
  for (const [i, one] of prompts.entries()) {
    const alone = (await model.generate(one, options).result).rows[0];
    expect(rows[i]?.tokens).toEqual(alone?.tokens);
    expect(rows[i]?.score).toBeCloseTo(alone?.score ?? 0, 5);
  }
});

test("pieces are what is certain, and come to the text", async () => {
  const generation = model.generate(ids, { beams: 4, maxTokens: 24 });
  const pieces = [];
  for await (const piece of generation) pieces.push(piece);
  const { rows, timings, dispatchesPerToken } = await generation.result;
  expect(pieces.map(({ token }) => token)).toEqual(rows[0]?.tokens);
  expect(pieces.map(({ text }) => text).join("")).toBe(rows[0]?.text);
  expect(rows[0]?.stopReason).toBe("length");
  expect(timings.decode).toEqual(expect.any(Number));
  expect(dispatchesPerToken).toBeGreaterThan(10);
});

test("one beam is what is greedy, and no score", async () => {
  const greedy = await model.generate(ids, { temperature: 0, maxTokens: 12 }).result;
  const one = await model.generate(ids, { temperature: 0, maxTokens: 12, beams: 1 }).result;
  expect(one.rows).toEqual(greedy.rows);
});

describe("noRepeatNgram without beams", () => {
  test("lets no tokens in a row come twice, and takes the likeliest of the others", async () => {
    const { rows } = await model.generate(ids, { temperature: 0, maxTokens: 20, noRepeatNgram: 2 }).result;
    const text = [...ids, ...(rows[0]?.tokens ?? [])];
    const pairs = text.slice(1).map((token, i) => `${text[i]} ${token}`);
    expect(new Set(pairs).size).toBe(pairs.length);
    const greedy = (await model.generate(ids, { temperature: 0, maxTokens: 20 }).result).rows[0]?.tokens ?? [];
    const differs = greedy.findIndex((token, i) => token !== rows[0]?.tokens[i]);
    const before = [...ids, ...greedy.slice(0, differs)];
    expect(before.slice(1).map((token, i) => `${before[i]} ${token}`)).toContain(`${before.at(-1)} ${greedy[differs]}`);
  });

  test("is the same with proposed tokens", async () => {
    const options = { temperature: 0, maxTokens: 24, noRepeatNgram: 2 };
    const plain = await model.generate(ids, options).result;
    const speculative = { kind: "prompt-lookup", tokens: 3, ngram: 1 } as const;
    expect((await model.generate(ids, { ...options, speculative }).result).rows).toEqual(plain.rows);
  });

  test("comes with a constraint of one's own", async () => {
    const constraint = {
      mask(into: Uint32Array) {
        for (const token of [7, 8, 9]) into[0] = (into[0] ?? 0) | (1 << token);
        return true;
      },
      accept() {},
    };
    const { rows } = await model.generate(ids, { temperature: 0, noRepeatNgram: 1, constraint }).result;
    expect([...(rows[0]?.tokens ?? [])].sort()).toEqual([7, 8, 9]);
    expect(rows[0]?.stopReason).toBe("stop");
  });
});

test("a session goes on after a search, as from one long prompt", async () => {
  using session = model.session();
  const first = await session.generate(ids, { beams: 3, maxTokens: 8 }).result;
  const second = await session.generate([275, 265], { temperature: 0, maxTokens: 6 }).result;
  const whole = [...ids, ...(first.rows[0]?.tokens ?? []), 275, 265];
  expect(second.rows[0]?.promptTokens).toEqual(whole);
  expect(second.rows[0]?.tokens).toEqual(
    (await model.generate(whole, { temperature: 0, maxTokens: 6 }).result).rows[0]?.tokens,
  );
});

test("goes on with the tokens of one that ended too early, and refuses others", async () => {
  const options = { beams: 4, maxTokens: 20 };
  const whole = (await model.generate(ids, options).result).rows[0];
  using session = model.session();
  for (const cut of [7, 20]) {
    const pieces = [];
    const generation = session.continueFrom(ids, options, whole?.tokens.slice(0, cut));
    for await (const piece of generation) pieces.push(piece);
    expect(pieces.map(({ token }) => token)).toEqual(whole?.tokens.slice(cut));
    expect((await generation.result).rows[0]?.text).toBe(whole?.text);
  }
  await expect(session.continueFrom(ids, options, [7, 7]).result).rejects.toThrow("is not what beams find");
});

test("aborted, it has the best text so far and frees its memory", async () => {
  const own = await openGpu(); // one whose memory serves again
  tune(own, quick);
  try {
    const other = await loadModel(own, bundledNano, { context: 128 });
    const allocated = async () => {
      await own.flush(); // what was written for a step that no longer ran
      own.buffers.trim();
      return own.buffers.allocatedBytes;
    };
    await other.generate(ids, { beams: 4, maxTokens: 40 }).result;
    const before = await allocated();
    const controller = new AbortController();
    const generation = other.generate(ids, { beams: 4, maxTokens: 40, signal: controller.signal });
    const tokens: (number | undefined)[] = [];
    for await (const { token } of generation) {
      tokens.push(token);
      controller.abort();
    }
    const { rows } = await generation.result;
    expect(rows[0]?.stopReason).toBe("abort");
    expect(rows[0]?.tokens.length).toBeLessThan(40);
    expect(tokens.filter((token) => token !== undefined)).toEqual(rows[0]?.tokens);
    expect(await allocated()).toBe(before);
    expect(await scored(other, ids, rows[0]?.tokens ?? [])).toBeCloseTo(rows[0]?.score ?? 0, 3);
  } finally {
    own.close();
  }
});

test("a full context ends the texts, and a prompt that fills it gets none", async () => {
  const short = await load(bundledNano, { context: ids.length + 3 });
  const { rows } = await short.generate(ids, { beams: 2, maxTokens: 9 }).result;
  expect(rows[0]?.tokens.length).toBe(3);
  expect(rows[0]?.stopReason).toBe("context");
  const full = await short.generate([...ids, 5, 6, 7], { beams: 2, maxTokens: 9 }).result;
  expect(full.rows[0]).toMatchObject({ tokens: [], stopReason: "context" });
  const none = await model.generate(ids, { beams: 2, maxTokens: 0 }).result;
  expect(none.rows[0]).toMatchObject({ tokens: [], stopReason: "length" });
});

test("a device that is lost fails it, and so does a session that is disposed", async () => {
  const own = await openGpu();
  tune(own, quick);
  try {
    const other = await loadModel(own, bundledNano, { context: 128 });
    const session = other.session();
    const disposed = session.generate(ids, { beams: 3, maxTokens: 60 });
    const first = disposed[Symbol.asyncIterator]();
    await first.next();
    session.dispose();
    await expect(disposed.result).rejects.toThrow("this session was disposed");
    const lost = other.generate(ids, { beams: 3, maxTokens: 60 });
    await lost[Symbol.asyncIterator]().next();
    own.device.destroy();
    await expect(lost.result).rejects.toThrow(GpuError);
  } finally {
    own.close();
  }
});

test("what a search does not have is refused, by name", async () => {
  const cases: [GenerationOptions, string][] = [
    [{ temperature: 0.7 }, "generate: beams is 4 and temperature is 0.7: a search draws no tokens"],
    [{ topK: 5 }, "topK is 5"],
    [{ repetitionPenalty: 1.5 }, "repetitionPenalty is 1.5: a search has no penalties; set it to 1"],
    [{ logprobs: 2 }, "logprobs is 2: which a search does not have"],
    [{ stop: "x" }, 'stop is "x"'],
    [{ logitBias: { 3: 1 } }, "logitBias is an object"],
    [{ speculative: { kind: "prompt-lookup", tokens: 2 } }, "speculative is an object"],
    [{ beams: 33 }, "beams is 33, expected at most 32 for one prompt and 1 end-of-text tokens"],
  ];
  for (const [options, message] of cases) {
    const run = model.generate(ids, { beams: 4, ...options }).result;
    await expect(run).rejects.toThrow(message);
  }
  const many = model.generate([ids, ids, ids], { beams: 22 }).result;
  await expect(many).rejects.toThrow("beams is 22, expected at most 21 for 3 prompts");
  for (const [options, message] of [
    [{ beams: 0 }, "beams is 0, expected an integer from 1 to 64"],
    [{ earlyStopping: "always" }, 'earlyStopping is "always", expected true or false or "never"'],
    [{ lengthPenalty: "1" }, 'lengthPenalty is "1", expected a number from -100 to 100'],
    [{ noRepeatNgram: -1 }, "noRepeatNgram is -1, expected an integer from 0 to 2147483648"],
  ] as [GenerationOptions, string][]) {
    expect(() => model.generate(ids, options)).toThrow(OptionError);
    expect(() => model.generate(ids, options)).toThrow(message);
  }
});

test("options of a search without beams are refused", async () => {
  for (const [options, message] of [
    [{ lengthPenalty: 2 }, "generate: lengthPenalty is 2, which requires beams of 2 or more"],
    [{ earlyStopping: false }, "generate: earlyStopping is false, which requires beams of 2 or more"],
    [{ beams: 1, earlyStopping: "never" }, 'generate: earlyStopping is "never", which requires beams of 2 or more'],
    [{ noRepeatNgram: 2, lengthPenalty: 1 }, "generate: lengthPenalty is 1, which requires beams of 2 or more"],
  ] as [GenerationOptions, string][]) {
    const run = model.generate(ids, { temperature: 0, maxTokens: 2, ...options }).result;
    await expect(run).rejects.toThrow(new OptionError(message));
  }
});
