// What ends a text that is generated with proposed tokens, what else goes with it, and what is refused.

import { afterAll, describe, expect, test } from "vitest";
import type { LanguageModel } from "../../../src/generate/language-model.ts";
import { loadModel, type ModelOptions } from "../../../src/generate/load/load-model.ts";
import type { GenerationOptions } from "../../../src/generate/options.ts";
import { Session } from "../../../src/generate/session/session.ts";
import type { TokenConstraint } from "../../../src/generate/session/token-constraint.ts";
import { bundledNano } from "../../support/bundled.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { goldenFolders } from "../models/golden-folder.ts";
import { drawn, lookup, penalised, prompt } from "./speculative-texts.ts";

const gpu = await quickGpu();
const load = async (folder: string, options: ModelOptions = {}): Promise<LanguageModel> => {
  const model = await loadModel(gpu, folder, options);
  afterAll(() => model.dispose());
  return model;
};
const model = await load(bundledNano);
const small = await load(bundledNano, { cache: { dtype: "f16", layout: "paged" } });

describe("what ends a text, and what else goes with it", () => {
  const greedy = { temperature: 0, speculative: { ...lookup, tokens: 7 } } as const;
  const plain = { temperature: 0 } as const;

  test("a stop text, a number of tokens, the end of the context, an end-of-text token", async () => {
    const short = await load(bundledNano, { context: 64 });
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
    const speculative = kind === "draft" ? ({ kind, model: small } as const) : ({ kind, tokens: 7 } as const);
    const turns = async (options: GenerationOptions) => {
      using session = model.session();
      const first = await session.generate(prompt, { ...options, maxTokens: 20 }).result;
      let taken = 0;
      for await (const _ of session.generate(" Then the", options)) if (++taken === 7) break;
      const { tokens } = { tokens: [...session.tokens()] };
      const known = (first.rows[0]?.promptTokens.length ?? 0) + 22; // fewer than there are, however many a step has added
      const third = await session.continueFrom(tokens.slice(0, known), { ...options, maxTokens: 12 }).result;
      return { first: first.rows, tokens, third: third.rows, prefilled: session.prefilledTokens };
    };
    const options = kind === "draft" ? { temperature: 0 } : drawn;
    const with_ = await turns({ ...options, speculative });
    const without = await turns(options);
    expect(with_.first).toEqual(without.first);
    expect(with_.third).toEqual(without.third);
    // Where a step has brought several tokens, those that were not taken are left in the session too, as in flight ones
    // are.
    const shared = Math.min(with_.tokens.length, without.tokens.length);
    expect(with_.tokens.slice(0, shared)).toEqual(without.tokens.slice(0, shared));
  });

  test.each([
    ["prompt-lookup", drawn, lookup],
    ["draft", { temperature: 0 }, { kind: "draft", model: small }],
  ] as const)("goes on from generated tokens as if nothing had happened: %s", async (_, how, speculative) => {
    const options = { ...how, maxTokens: 24 };
    const { rows } = await model.generate(prompt, options).result;
    const [{ promptTokens, tokens } = { promptTokens: [], tokens: [] }] = rows;
    using session = model.session();
    const given = { ...options, speculative };
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

  test.each([
    [1000, penalised],
    [12, { temperature: 0 }],
  ])("are met by proposed tokens too, and taken back where these are not kept: %d", async (most, options) => {
    // Every third token is divisible by three.
    const may = (token: number, before: readonly number[]) => before.length % 3 < 2 || token % 3 === 0;
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
    const short = await load(bundledNano, { context: 64 });
    const draft = (one: LanguageModel) => () => model.generate("a", { speculative: { kind: "draft", model: one } });
    expect(draft(other)).toThrow(/speculative\.model is .*gpt-oss, which has \d+ tokens, expected the 2048 of /);
    expect(draft(short)).toThrow(/whose context is 64 tokens, expected at least the \d+ of /);
    const renamed = Object.assign(Object.create(small) as LanguageModel, {
      tokenizer: {
        ...small.tokenizer,
        decode: (ids: number[]) => (ids[0] === 77 ? "?" : small.tokenizer.decode(ids, { skipSpecialTokens: false })),
      },
    });
    expect(draft(renamed)).toThrow(/whose token 77 is "\?", expected /);
  });

  test("a draft model that was disposed", async () => {
    const gone = await loadModel(gpu, bundledNano);
    using session = model.session();
    const speculative = { kind: "draft", model: gone } as const;
    const generation = session.generate(prompt, { ...drawn, speculative, maxTokens: 100 });
    await generation[Symbol.asyncIterator]().next();
    gone.dispose();
    await expect(generation.result).rejects.toThrow("voices-nano: this model was disposed");
  });
});
