// Text that is generated with proposed tokens: it is the text without.

import { afterAll, describe, expect, test } from "vitest";
import { llamaShapes } from "../../bench/models/weight-shapes.ts";
import { inspect } from "../../src/generate/inspection.ts";
import type { LanguageModel } from "../../src/generate/language-model.ts";
import { loadModel, type ModelOptions } from "../../src/generate/load-model.ts";
import type { GenerationOptions } from "../../src/generate/options.ts";
import { Session } from "../../src/generate/session.ts";
import type { Speculative } from "../../src/generate/speculative/options.ts";
import { lookUp } from "../../src/generate/speculative/prompt-lookup.ts";
import type { TokenConstraint } from "../../src/generate/token-constraint.ts";
import { dense } from "../../src/reference/dense.ts";
import { filter } from "../../src/reference/sampling.ts";
import { bundledMixture, bundledModel } from "../support/bundled.ts";
import { testGpu } from "../support/gpu.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { goldenFolders } from "./golden-folder.ts";

const gpu = await testGpu();
const load = async (folder: string, options: ModelOptions = {}): Promise<LanguageModel> => {
  const model = await loadModel(gpu, folder, options);
  afterAll(() => model.dispose());
  return model;
};
const model = await load(bundledModel);
const mixture = await load(bundledMixture, { cache: { dtype: "f16", layout: "paged" } });
const lookup = { kind: "prompt-lookup" } as const;

const said = "The sea was calm, and the captain said to the crew: the whale is there.";
const prompt = `<|whale|>${said} ${said} The sea was calm, and`;
const drawn = { temperature: 0.3, topK: 40, topP: 0.98, minP: 0.01, seed: 3 };
const penalised = { ...drawn, repetitionPenalty: 1.05, frequencyPenalty: 0.2, presencePenalty: 0.1 };

/** The rows of a generation without proposals and with them, and what these came to. */
async function both(of: LanguageModel, text: string | readonly number[], options: GenerationOptions, how: Speculative) {
  const plain = await of.generate(text, options).result;
  const { rows, speculative, ...rest } = await of.generate(text, { ...options, speculative: how }).result;
  return { plain: plain.rows, rows, figures: speculative ?? { steps: 0, drafted: 0, accepted: 0 }, rest };
}

describe("the tokens are those without proposals, bit for bit", () => {
  const kinds: [string, GenerationOptions][] = [
    ["greedy", { temperature: 0 }],
    ["drawn", drawn],
    ["with penalties", penalised],
    ["with a bias", { ...drawn, logitBias: { 7: 3, 300: -5 } }],
  ];
  test.each(kinds)("%s", async (name, options) => {
    for (const tokens of name === "greedy" ? [1, 3, 7] : [5]) {
      const given = { ...options, maxTokens: 30 };
      const { plain, rows, figures } = await both(model, prompt, given, { ...lookup, tokens });
      expect(rows).toEqual(plain);
      const made = rows[0]?.tokens.length ?? 0;
      expect(figures.drafted).toBeGreaterThan(0);
      expect(figures.accepted).toBeGreaterThan(0);
      expect(figures.steps + figures.accepted).toBe(made - 1); // the first comes with the prefill
    }
  });

  test("of a mixture with a paged f16 cache, proposed by another model", async () => {
    const draft = { kind: "draft", model, tokens: 3 } as const;
    for (const options of [{ temperature: 0 }, penalised]) {
      const { plain, rows, figures } = await both(mixture, prompt, { ...options, maxTokens: 40 }, draft);
      expect(rows).toEqual(plain);
      expect(figures.accepted).toBeGreaterThan(10);
    }
  });

  test.each(["int8", "int4"] as const)("with a cache of %s", async (dtype) => {
    const quantised = await load(bundledModel, { cache: { dtype } });
    const { plain, rows, figures } = await both(quantised, prompt, { ...drawn, maxTokens: 30 }, lookup);
    expect(rows).toEqual(plain);
    expect(figures.accepted).toBeGreaterThan(0);
  });

  test.each(["contiguous", "paged"] as const)("with windows that have gone round: %s", async (layout) => {
    const { folder } = await writeRandomModel(sliding, llamaShapes(sliding), "f32");
    const windowed = await load(folder, { cache: { layout } });
    const ids = Array.from({ length: 590 }, (_, i) => 6 + ((i * i) % 1999));
    const { tokens = [] } = (await windowed.generate(ids, { temperature: 0, maxTokens: 30 }).result).rows[0] ?? {};
    const again = [...ids, ...tokens, ...ids.slice(-5)]; // so that there is something to propose
    const own = { kind: "draft", model: windowed, tokens: 5 } as const;
    for (const how of [lookup, own]) {
      const { plain, rows, figures } = await both(windowed, again, { temperature: 0, maxTokens: 30 }, how);
      expect(rows).toEqual(plain);
      expect(figures.drafted).toBeGreaterThan(0);
      if (how === own) expect(figures.accepted).toBe(figures.drafted);
    }
  });

  test.each(["gpt-oss", "deepseek-v2-lite", "qwen3-moe"])("%s", async (name) => {
    const other = await load(`${goldenFolders}/${name}`);
    const ids = Array.from({ length: 24 }, (_, i) => 6 + (i % 8));
    const own = { kind: "draft", model: other, tokens: 3 } as const;
    const { plain, rows, figures } = await both(other, ids, { ...drawn, maxTokens: 16 }, own);
    expect(rows).toEqual(plain);
    expect(figures.accepted).toBe(figures.drafted);
    const found = await both(other, ids, { temperature: 0, maxTokens: 16 }, lookup);
    expect(found.rows).toEqual(found.plain);
  });
});

test("of many seeds, texts and accepted tokens are as frequent as float64 says", async () => {
  const base = model.tokenizer.encode(`<|whale|>${said}`);
  const { tokens: follow = [] } = (await model.generate(base, { temperature: 0, maxTokens: 2 }).result).rows[0] ?? {};
  const ids = [...base, ...follow, ...base.slice(1)]; // so that what is proposed is likely
  const filters = { temperature: 0.9, topK: 2, topP: 0.99 };
  using session = model.session();
  /** The tokens that may come after these, with their probabilities. */
  const next = async (tokens: readonly number[]) => {
    const [logits = new Float64Array()] = (await inspect(session.state, tokens, "last")).logits;
    const { kept } = filter({ logits: dense([1, logits.length], logits) }, filters);
    const weights = logits.map((logit, id) => (kept.values[id] ? Math.exp((logit - Math.max(...logits)) / 0.9) : 0));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return Array.from(weights, (weight, id) => ({ id, p: weight / total })).filter(({ p }) => p > 0);
  };
  const expected = new Map<string, number>();
  let acceptance = 0;
  for (const first of await next(ids)) {
    const [proposed] = lookUp([...ids, first.id], 1, 3);
    for (const second of await next([...ids, first.id])) {
      expected.set(`${first.id} ${second.id}`, first.p * second.p);
      if (second.id === proposed) acceptance += first.p * second.p; // the proposal is certain: min(1, p / q) is p
    }
  }
  const seeds = 100;
  const seen = new Map<string, number>();
  let accepted = 0;
  for (let seed = 0; seed < seeds; seed++) {
    const options = { ...filters, seed, maxTokens: 3, speculative: { ...lookup, tokens: 1 } };
    const { rows, speculative } = await session.continueFrom(ids, options).result;
    const text = rows[0]?.tokens.slice(0, 2).join(" ") ?? "";
    seen.set(text, (seen.get(text) ?? 0) + 1);
    accepted += speculative?.accepted ?? 0;
  }
  expect([...seen.keys()].filter((text) => !expected.has(text))).toEqual([]);
  const terms = [...expected].map(([text, p]) => ((seen.get(text) ?? 0) - seeds * p) ** 2 / (seeds * p));
  expect(expected.size).toBeGreaterThanOrEqual(3);
  expect(Math.min(...expected.values()) * seeds).toBeGreaterThan(3); // so that χ² is near enough
  expect(terms.reduce((sum, term) => sum + term, 0)).toBeLessThan(16.27); // χ² of at most three degrees of freedom: one in a thousand
  expect(acceptance).toBeGreaterThan(0.05);
  expect(Math.abs(accepted / seeds - acceptance)).toBeLessThan(
    3.3 * Math.sqrt((acceptance * (1 - acceptance)) / seeds),
  );
});

test("prompt lookup proposes what followed the longest match, of several the latest", () => {
  expect(lookUp([], 3, 3)).toEqual([]);
  expect(lookUp([1], 3, 3)).toEqual([]);
  expect(lookUp([1, 2, 3], 3, 3)).toEqual([]);
  expect(lookUp([1, 2, 3, 4, 9, 1, 2], 3, 3)).toEqual([3, 4, 9]);
  expect(lookUp([1, 2, 5, 1, 2, 6, 7, 1, 2], 2, 3)).toEqual([6, 7]);
  expect(lookUp([1, 2, 5, 9, 2, 6, 7, 1, 2], 2, 3)).toEqual([5, 9]); // two tokens match before one
  expect(lookUp([1, 2, 5, 9, 2, 6, 7, 1, 2], 2, 1)).toEqual([6, 7]);
  expect(lookUp([7, 7], 4, 3)).toEqual([7, 7, 7, 7]); // a continuation that reaches the end goes on with itself
  expect(lookUp([1, 2, 1, 2], 5, 3)).toEqual([1, 2, 1, 2, 1]);
  expect(lookUp([1, 2, 3, 1], 0, 3)).toEqual([]);
});

describe("what ends a text, and what else goes with it", () => {
  const greedy = { temperature: 0, speculative: { ...lookup, tokens: 7 } } as const;
  const plain = { temperature: 0 } as const;

  test("a stop text, a number of tokens, the end of the context, an end-of-text token", async () => {
    const short = await load(bundledModel, { context: 64 });
    const { tokens = [], text = "" } = (await model.generate(prompt, { ...plain, maxTokens: 30 }).result).rows[0] ?? {};
    const eos = tokens[9] ?? 0;
    const ends: [LanguageModel, GenerationOptions, string][] = [
      [model, { stop: text.slice(20, 24) }, "stop"],
      ...[0, 1, 2, 9].map((maxTokens): (typeof ends)[number] => [model, { maxTokens }, "length"]),
      [short, {}, "context"],
    ];
    for (const [of, options, reason] of ends) {
      const { rows } = await of.generate(prompt, { ...greedy, ...options }).result;
      expect(rows).toEqual((await of.generate(prompt, { ...plain, ...options }).result).rows);
      expect(rows[0]?.stopReason).toBe(reason);
    }
    const defaults = { ...model.defaults, eos: [eos] };
    using session = new Session(Object.assign(Object.create(model) as LanguageModel, { defaults }), 1);
    const { rows } = await session.generate(prompt, greedy).result;
    expect(rows[0]).toMatchObject({ tokens: tokens.slice(0, tokens.indexOf(eos) + 1), stopReason: "eos" });
  });

  test("log-probabilities and ranks, piece by piece", async () => {
    const pieces = async (options: GenerationOptions) => {
      const all = [];
      for await (const piece of model.generate(prompt, { ...options, maxTokens: 20, logprobs: 2 })) all.push(piece);
      return all;
    };
    expect(await pieces(greedy)).toEqual(await pieces(plain));
  });

  test.each(["prompt-lookup", "draft"] as const)("a session's turns, one of which is left: %s", async (kind) => {
    const speculative = kind === "draft" ? ({ kind, model: mixture } as const) : ({ kind, tokens: 7 } as const);
    const turns = async (options: GenerationOptions) => {
      using session = model.session();
      const first = await session.generate(prompt, { ...options, maxTokens: 20 }).result;
      let taken = 0;
      for await (const _ of session.generate(" Then the", options)) if (++taken === 7) break;
      const { tokens } = { tokens: [...session.tokens()] };
      const third = await session.continueFrom(tokens.slice(0, -9), { ...options, maxTokens: 12 }).result;
      return { first: first.rows, tokens, third: third.rows, prefilled: session.prefilledTokens };
    };
    const with_ = await turns({ ...drawn, speculative });
    const without = await turns(drawn);
    expect(with_.first).toEqual(without.first);
    expect(with_.third).toEqual(without.third);
    // Where a step has brought several tokens, those that were not taken are left in the session too, as in flight ones are.
    const shared = Math.min(with_.tokens.length, without.tokens.length);
    expect(with_.tokens.slice(0, shared)).toEqual(without.tokens.slice(0, shared));
  });

  test("goes on from generated tokens as if nothing had happened", async () => {
    const options = { ...drawn, maxTokens: 24 };
    const { rows } = await model.generate(prompt, options).result;
    const [{ promptTokens, tokens } = { promptTokens: [], tokens: [] }] = rows;
    using session = model.session();
    const given = { ...options, speculative: { kind: "draft", model: mixture } } as const;
    const { rows: rest } = await session.continueFrom(promptTokens, given, tokens.slice(0, 11)).result;
    expect(rest[0]?.tokens).toEqual(tokens);
  });

  test("ends at once when it is aborted, and the session goes on", async () => {
    using session = model.session();
    const stop = new AbortController();
    const given = { ...greedy, signal: stop.signal, maxTokens: 200 };
    const generation = session.generate(prompt, given);
    let taken = 0;
    for await (const _ of generation) if (++taken === 5) stop.abort();
    const { rows, speculative } = await generation.result;
    expect(rows[0]?.stopReason).toBe("abort");
    expect(rows[0]?.tokens.length).toBeLessThan(20);
    expect(speculative?.drafted).toBeGreaterThan(0);
    const next = await session.generate(" and", { ...plain, maxTokens: 8 }).result;
    const alone = await model.generate(next.rows[0]?.promptTokens ?? [], { ...plain, maxTokens: 8 }).result;
    expect(next.rows[0]?.tokens).toEqual(alone.rows[0]?.tokens);
  });

  test("the largest magnitudes of a guard", async () => {
    const { guard } = await model.generate(prompt, { ...greedy, guard: { every: 3 }, maxTokens: 10 }).result;
    expect(guard?.beyondF16).toBeUndefined();
    expect(guard?.layers.length).toBeGreaterThan(1);
  });
});

describe("constraints", () => {
  const { vocabulary } = model.decoder.config;

  /** Lets tokens come next that `may` says may follow those accepted, and ends after `most`. */
  function constraintOf(may: (token: number, before: readonly number[]) => boolean, most = 1000) {
    const accepted: number[] = [];
    const calls = { rollback: 0 };
    const constraint: TokenConstraint = {
      mask(into) {
        for (let token = 0; token < vocabulary && accepted.length < most; token++) {
          if (may(token, accepted)) into[token >> 5] = (into[token >> 5] ?? 0) | (1 << (token % 32));
        }
        return true;
      },
      accept(token) {
        expect(may(token, accepted)).toBe(true);
        accepted.push(token);
      },
      rollback(tokens) {
        expect(tokens).toBeLessThanOrEqual(accepted.length);
        accepted.splice(accepted.length - tokens);
        calls.rollback += tokens;
      },
    };
    return { constraint, accepted, calls };
  }

  test.each([1000, 6])("are met by proposed tokens too, and taken back where these are not kept: %d", async (most) => {
    // Every third token is divisible by three.
    const may = (token: number, before: readonly number[]) => before.length % 3 < 2 || token % 3 === 0;
    for (const options of [{ temperature: 0 }, penalised]) {
      const given = { ...options, maxTokens: 24 };
      const plain = constraintOf(may, most);
      const { rows } = await model.generate(prompt, { ...given, constraint: plain.constraint }).result;
      const own = constraintOf(may, most);
      const with_ = { ...given, constraint: own.constraint, speculative: { ...lookup, tokens: 4 } };
      const proposed = await model.generate(prompt, with_).result;
      expect(proposed.rows).toEqual(rows);
      expect(own.accepted).toEqual(plain.accepted);
      expect(own.accepted).toEqual(rows[0]?.tokens);
      expect(own.calls.rollback).toBeGreaterThan(0);
      expect(proposed.speculative?.accepted).toBeGreaterThanOrEqual(0);
    }
  });

  test("without rollback are refused", () => {
    const { rollback: _, ...constraint } = constraintOf(() => true).constraint;
    expect(() => model.generate("a", { constraint, speculative: lookup })).toThrow(
      "generate: speculative takes a constraint that has rollback, since proposed tokens are taken back",
    );
  });
});

describe("what is refused", () => {
  test("several prompts, and numbers out of range", () => {
    expect(() => model.generate(["a", "b"], { speculative: lookup })).toThrow(
      "generate: speculative takes a single prompt, there are 2",
    );
    expect(() => model.generate("a", { speculative: { ...lookup, tokens: 8 } })).toThrow(
      "generate: speculative.tokens is 8, expected an integer from 1 to 7",
    );
    expect(() => model.generate("a", { speculative: { kind: "lookup" } as never })).toThrow(/speculative/);
  });

  test("draft models whose tokens or whose context are others", async () => {
    const other = await load(`${goldenFolders}/gpt-oss`);
    const short = await load(bundledModel, { context: 64 });
    const draft = (one: LanguageModel) => () => model.generate("a", { speculative: { kind: "draft", model: one } });
    expect(draft(other)).toThrow(/speculative\.model is .*gpt-oss, which has \d+ tokens, expected the 2048 of /);
    expect(draft(short)).toThrow(/whose context is 64 tokens, expected at least the \d+ of /);
    const renamed = Object.assign(Object.create(mixture) as LanguageModel, {
      tokenizer: {
        ...mixture.tokenizer,
        decode: (ids: number[]) => (ids[0] === 77 ? "?" : mixture.tokenizer.decode(ids, { skipSpecialTokens: false })),
      },
    });
    expect(draft(renamed)).toThrow(/whose token 77 is "\?", expected /);
  });

  test("a draft model that was disposed", async () => {
    const gone = await loadModel(gpu, bundledMixture);
    using session = model.session();
    const speculative = { kind: "draft", model: gone } as const;
    const generation = session.generate(prompt, { ...drawn, speculative, maxTokens: 100 });
    await generation[Symbol.asyncIterator]().next();
    gone.dispose();
    await expect(generation.result).rejects.toThrow("voices-moe: this model was disposed");
  });
});

/** Layers with a window of 20 around one that sees everything. */
const sliding = {
  architectures: ["MistralForCausalLM"],
  vocab_size: 2048,
  hidden_size: 32,
  intermediate_size: 32,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 32,
  hidden_act: "silu",
  max_position_embeddings: 1500,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: false,
  sliding_window: 20,
  layer_types: ["sliding_attention", "full_attention", "sliding_attention"],
};
