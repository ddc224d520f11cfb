// Logits that are raised or lowered, and tokens that may not come next.

import { afterAll, describe, expect, test } from "vitest";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { inspect } from "../../src/generate/look/inspection.ts";
import type { TokenConstraint } from "../../src/generate/session/token-constraint.ts";
import { OptionError } from "../../src/options/errors.ts";
import { bundledNano } from "../support/bundled.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const gpu = await quickGpu();
const model = await loadModel(gpu, bundledNano, { context: 64 });
afterAll(() => model.dispose());
const prompt = model.tokenizer.encode("<|whale|>The captain");
const { vocabulary } = model.decoder.config;
const greedy = { temperature: 0, maxTokens: 6 };

/** The logits that follow these tokens, by a prefill of them all. */
async function logitsAfter(tokens: readonly number[]): Promise<Float64Array> {
  using session = model.session();
  return (await inspect(session.state, tokens, "last")).logits[0] ?? new Float64Array();
}

const likeliest = (logits: Float64Array, weigh: (logit: number, token: number) => number): number => {
  const weighed = logits.map(weigh);
  return weighed.indexOf(weighed.reduce((a, b) => Math.max(a, b)));
};

/** Tokens for which `may` holds, and what was called. */
function constraintOf(may: (token: number, given: readonly number[]) => boolean) {
  const calls: (number | "mask")[] = [];
  const given = () => calls.filter((call) => call !== "mask");
  const constraint: TokenConstraint = {
    mask(into) {
      expect([...new Set(into)]).toEqual([0]);
      calls.push("mask");
      for (let token = 0; token < vocabulary; token++) {
        if (may(token, given())) into[token >> 5] = (into[token >> 5] ?? 0) | (1 << (token % 32));
      }
      return true;
    },
    accept: (token) => void calls.push(token),
  };
  return { constraint, calls };
}

describe("logitBias", () => {
  test("is added before tokens are chosen", async () => {
    const plain = (await model.generate(prompt, greedy).result).rows[0]?.tokens ?? [];
    const logitBias = { [plain[0] ?? 0]: -1000, 7: 3.5, [vocabulary - 1]: 2 };
    const { tokens } = (await model.generate(prompt, { ...greedy, logitBias }).result).rows[0] ?? { tokens: [] };
    expect(tokens).not.toEqual(plain);
    for (const [i, token] of tokens.entries()) {
      const logits = await logitsAfter([...prompt, ...tokens.slice(0, i)]);
      expect(token).toBe(likeliest(logits, (logit, id) => logit + (logitBias[id] ?? 0)));
    }
  });

  test("comes before the penalties, and log-probabilities are the model's own", async () => {
    const logitBias = { 9: 1000 };
    const forced = await model.generate(prompt, { ...greedy, logitBias, frequencyPenalty: 400 }).result;
    expect(forced.rows[0]?.tokens.filter((token) => token === 9)).toHaveLength(3); // 1000, 600, 200, −200
    const [logits, pieces] = [await logitsAfter(prompt), []] as [Float64Array, (number | undefined)[]];
    for await (const { logprob } of model.generate(prompt, { ...greedy, maxTokens: 1, logprobs: 1, logitBias })) {
      pieces.push(logprob);
    }
    const sum = Math.log(logits.reduce((all, logit) => all + Math.exp(logit), 0));
    expect(pieces[0]).toBeCloseTo((logits[9] ?? 0) - sum, 4);
  });

  test.each([
    [{ [vocabulary]: 1 }, `logitBias has the key "${vocabulary}", expected a token id from 0 to ${vocabulary - 1}`],
    [{ "-1": 1 }, 'the key "-1"'],
    [{ the: 1 }, 'the key "the"'],
    [{ 5: 1001 }, "5 in it to be a number from -1000 to 1000"],
  ])("%j is refused", (logitBias, message) => {
    expect(() => model.generate(prompt, { logitBias })).toThrow(OptionError);
    expect(() => model.generate(prompt, { logitBias })).toThrow(message);
  });
});

describe("a constraint", () => {
  const third = (token: number, given: readonly number[]) => token % 3 === given.length % 3;

  test("leaves the likeliest of the tokens that may come next, one step at a time", async () => {
    const { constraint, calls } = constraintOf(third);
    const { tokens } = (await model.generate(prompt, { ...greedy, constraint }).result).rows[0] ?? { tokens: [] };
    expect(tokens).toHaveLength(6);
    for (const [i, token] of tokens.entries()) {
      const logits = await logitsAfter([...prompt, ...tokens.slice(0, i)]);
      expect(token).toBe(likeliest(logits, (logit, id) => (id % 3 === i % 3 ? logit : Number.NEGATIVE_INFINITY)));
    }
    expect(calls).toEqual(tokens.flatMap((token) => ["mask", token]));
  });

  test("holds when tokens are drawn, for each row its own; one that returns false allows all", async () => {
    const all: TokenConstraint = { mask: () => false, accept: () => {} };
    const constraint = [constraintOf(third).constraint, all];
    const drawn = { temperature: 1.5, topP: 0.9, seed: 4, maxTokens: 8 };
    const { rows } = await model.generate([prompt, prompt], { ...drawn, constraint }).result;
    for (const [i, token] of (rows[0]?.tokens ?? []).entries()) expect(token % 3).toBe(i % 3);
    const free = await model.generate(prompt, drawn).result;
    expect(rows[1]?.tokens).toEqual(free.rows[0]?.tokens);
  });

  test("that no token meets ends its row, and the others go on", async () => {
    const constraint = [3, 5, 0].map((most) => constraintOf((_, given) => given.length < most).constraint);
    const { rows } = await model.generate([prompt, prompt, prompt], { ...greedy, constraint }).result;
    expect(rows.map(({ stopReason, tokens }) => [stopReason, tokens.length])).toEqual([
      ["stop", 3],
      ["stop", 5],
      ["stop", 0],
    ]);
    const free = await model.generate(prompt, greedy).result;
    expect(rows[1]?.tokens).toEqual(free.rows[0]?.tokens.slice(0, 5));
  });

  test("may wait, and what it throws ends the generation", async () => {
    const slow: TokenConstraint = { mask: async (into) => !into.fill(2), accept: () => {} };
    const { rows } = await model.generate(prompt, { ...greedy, maxTokens: 2, constraint: slow }).result;
    expect(rows[0]?.tokens).toHaveLength(2);
    const broken = { ...slow, accept: () => { throw new RangeError("no such token"); } }; // biome-ignore format: short
    await expect(model.generate(prompt, { ...greedy, constraint: broken }).result).rejects.toThrow("no such token");
    const after = await model.generate(prompt, greedy).result;
    expect(after.rows[0]?.tokens).toHaveLength(6);
  });

  test("is one for each prompt", () => {
    const { constraint } = constraintOf(third);
    expect(() => model.generate([prompt, prompt], { constraint })).toThrow("constraint has 1 entries for 2 prompts");
    expect(() => model.generate(prompt, { constraint: 3 as never })).toThrow(/constraint is 3, expected a TokenConst/);
  });
});
