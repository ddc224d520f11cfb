// Text that is drawn with the proposals of a draft model: it has the distribution of the model, for any draft's
// is.

import { afterAll, describe, expect, test } from "vitest";
import type { LanguageModel } from "../../../src/generate/language-model.ts";
import { loadModel } from "../../../src/generate/load/load-model.ts";
import type { NextTokenOptions } from "../../../src/generate/look/next-token.ts";
import type { GenerationOptions } from "../../../src/generate/options.ts";
import { Session } from "../../../src/generate/session/session.ts";
import type { TokenConstraint } from "../../../src/generate/session/token-constraint.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { otherAngles } from "./speculative-texts.ts";

const gpu = await quickGpu();
const load = async (folder: string): Promise<LanguageModel> => {
  const model = await loadModel(gpu, folder);
  afterAll(() => model.dispose());
  return model;
};
const folder = "test/golden/gradients-llama"; // of two layers and 37 tokens
const model = await load(folder);
const other = await load(await otherAngles(folder, 10));
const { vocabulary } = model.decoder.config;
const every = Array.from({ length: vocabulary }, (_, id) => id);
const ids = Array.from({ length: 12 }, (_, i) => (7 * i + 3) % vocabulary);

/** The tokens that may come after these, of which the last were generated, and their probabilities in float64. */
type Next = (of: LanguageModel, tokens: readonly number[]) => Promise<ReadonlyMap<number, number>>;

const drawnBy =
  (options: NextTokenOptions): Next =>
  async (of, tokens) => {
    const { drawn } = await of.nextTokenProbabilities(tokens, every, {
      ...options,
      generated: tokens.length - ids.length,
    });
    return new Map(every.flatMap((id) => ((drawn[id] ?? 0) > 0 ? [[id, drawn[id] ?? 0] as const] : [])));
  };

/** χ² that chance exceeds once in a thousand, by degrees of freedom (Wilson and Hilferty 1931). */
const limit = (freedom: number): number => {
  const spread = 2 / (9 * freedom);
  return freedom * (1 - spread + 3.09 * Math.sqrt(spread)) ** 3;
};

const length = 3;
const draft = { kind: "draft", model: other, tokens: 2 } as const;

/** Compares the texts of many seeds, and how many drafts are kept, with what these probabilities give. */
async function expectDrawn(
  session: Session,
  options: (seed: number) => GenerationOptions,
  p: Next,
  q: Next,
  { ends = -1, seeds = 120 } = {},
): Promise<void> {
  const expected = new Map<string, number>();
  let kept = 0;
  const visit = async (text: readonly number[], probability: number): Promise<void> => {
    if (text.length === length || text.at(-1) === ends) return void expected.set(text.join(" "), probability);
    const own = await p(model, [...ids, ...text]);
    const proposed = text.length > 0 ? await q(other, [...ids, ...text]) : new Map<number, number>();
    for (const [token, share] of own) {
      // The first token comes with the prefill; for the second and third there is one that is proposed, sooner or
      // later.
      if (token !== ends) kept += probability * Math.min(share, proposed.get(token) ?? 0);
      await visit([...text, token], probability * share);
    }
  };
  await visit([], 1);
  const seen = new Map<string, number>();
  let accepted = 0;
  for (let seed = 0; seed < seeds; seed++) {
    // One token more, so that two may be proposed.
    const given = { ...options(seed), seed, maxTokens: length + 1, speculative: draft };
    const { rows, speculative } = await session.continueFrom(ids, given).result;
    const text = rows[0]?.tokens.slice(0, length).join(" ") ?? "";
    seen.set(text, (seen.get(text) ?? 0) + 1);
    accepted += speculative?.accepted ?? 0;
  }
  expect([...seen.keys()].filter((text) => !expected.has(text))).toEqual([]);
  // Rare texts count together, so that χ² is near enough.
  const cells = [...expected].filter(([, probability]) => seeds * probability >= 5);
  const rare = [...expected].filter(([, probability]) => seeds * probability < 5);
  const sumOf = (list: typeof rare, of: (entry: [string, number]) => number) =>
    list.reduce((sum, one) => sum + of(one), 0);
  const pairs = [
    ...cells.map(([text, probability]) => [seen.get(text) ?? 0, seeds * probability] as const),
    ...(rare.length > 0
      ? [[sumOf(rare, ([text]) => seen.get(text) ?? 0), seeds * sumOf(rare, ([, probability]) => probability)] as const]
      : []),
  ].filter(([, wanted]) => wanted >= 1);
  const statistic = pairs.reduce((sum, [count, wanted]) => sum + (count - wanted) ** 2 / wanted, 0);
  expect(pairs.length).toBeGreaterThanOrEqual(4);
  expect(statistic).toBeLessThan(limit(pairs.length - 1));
  // The second token alone has fewer cells, in which a small difference shows.
  const second = new Map<string, { count: number; wanted: number }>();
  for (const [text, probability] of expected) {
    const token = text.split(" ")[1] ?? "";
    const { count = 0, wanted = 0 } = second.get(token) ?? {};
    second.set(token, { count: count + (seen.get(text) ?? 0), wanted: wanted + seeds * probability });
  }
  const likely = [...second.values()].filter(({ wanted }) => wanted >= 5);
  const ofSecond = likely.reduce((sum, { count, wanted }) => sum + (count - wanted) ** 2 / wanted, 0);
  expect(ofSecond).toBeLessThan(limit(likely.length));
  expect(kept).toBeGreaterThan(0.1);
  expect(Math.abs(accepted / seeds - kept)).toBeLessThan(3.3 / Math.sqrt(seeds)); // of 0 to 2 with a deviation of at most 1
}

describe("of many seeds, texts are as frequent as float64 says of the model, and drafts as often kept as can be", () => {
  test("filters, penalties, a bias, and an end-of-text token among those that are proposed", async () => {
    const options = {
      temperature: 1.2,
      topK: 3,
      topP: 0.95,
      minP: 0.05,
      repetitionPenalty: 1.2,
      frequencyPenalty: 0.4,
      presencePenalty: 0.3,
      logitBias: { 30: 6, 31: 5 },
    };
    const next = drawnBy(options);
    const firsts = [...(await next(model, ids))].sort(([, a], [, b]) => b - a);
    const first = firsts[0]?.[0] ?? 0;
    const [own, proposed] = [await next(model, [...ids, first]), await next(other, [...ids, first])];
    // The one of which most texts were lost if it were drawn anew in place of being kept, where it is proposed.
    const lost = ([id, p]: readonly [number, number]) =>
      firsts.some(([one]) => one === id) ? 0 : p * (proposed.get(id) ?? 0);
    const [ends = 0] = [...own].sort((a, b) => lost(b) - lost(a))[0] ?? [];
    const defaults = { ...model.defaults, eos: [ends] };
    using session = new Session(Object.assign(Object.create(model) as LanguageModel, { defaults }), 1);
    await expectDrawn(session, () => options, next, next, { ends });
  });

  test("one that is proposed is kept wherever the model holds it for at least as likely as the draft does", async () => {
    const options = { temperature: 1.2, topK: 3 };
    const next = drawnBy(options);
    const likely = await next(model, ids);
    // Of the tokens that are kept whenever they are proposed, the one that most texts would lose if it were drawn anew.
    const kept: { readonly first: number; readonly ends: number; readonly lost: number }[] = [];
    for (const [first, share] of likely) {
      const [own, proposed] = [await next(model, [...ids, first]), await next(other, [...ids, first])];
      for (const [ends, p] of own) {
        const q = proposed.get(ends) ?? 0;
        if (p > 1.01 * q && !likely.has(ends)) kept.push({ first, ends, lost: share * q * (1 - p) });
      }
    }
    const { first = 0, ends = 0 } = kept.sort((a, b) => b.lost - a.lost)[0] ?? {};
    const defaults = { ...model.defaults, eos: [ends] };
    using session = new Session(Object.assign(Object.create(model) as LanguageModel, { defaults }), 1);
    using proposing = other.session();
    let proposals = 0;
    for (let seed = 0; seed < 200 && proposals <= 10; seed++) {
      // A draft draws as a generation with the same seed does.
      const drafted = await proposing.continueFrom([...ids, first], { ...options, seed, maxTokens: 1 }).result;
      if (drafted.rows[0]?.tokens[0] !== ends) continue;
      const given = { ...options, seed, maxTokens: length + 1, speculative: draft };
      const { rows } = await session.continueFrom(ids, given).result;
      if (rows[0]?.tokens[0] !== first) continue; // which is not proposed
      proposals++;
      expect([seed, ...rows[0].tokens]).toEqual([seed, first, ends]);
    }
    expect(proposals).toBeGreaterThan(10);
  });

  test("a constraint that the draft model does not know", async () => {
    const allowed = [...(await drawnBy({ temperature: 1, topK: 3 })(model, ids)).keys()];
    // Likely enough in both models that some of what is proposed may come, and that each of them does.
    const options = { temperature: 2, logitBias: Object.fromEntries(allowed.map((id) => [id, 8])) };
    const restricted: Next = async (of, tokens) => {
      const all = await drawnBy(options)(of, tokens);
      const total = allowed.reduce((sum, id) => sum + (all.get(id) ?? 0), 0);
      return new Map(allowed.map((id) => [id, (all.get(id) ?? 0) / total]));
    };
    const constraint: TokenConstraint = {
      mask(into) {
        for (const id of allowed) into[id >> 5] = (into[id >> 5] ?? 0) | (1 << (id % 32));
        return true;
      },
      accept: (token) => expect(allowed).toContain(token),
      rollback: () => {},
    };
    using session = model.session();
    await expectDrawn(session, () => ({ ...options, constraint }), restricted, drawnBy(options));
  });
});

test("the same seed gives the same text again, and log-probabilities are the model's", async () => {
  const options = { temperature: 1, seed: 5, maxTokens: 18, speculative: { ...draft, tokens: 5 }, logprobs: 1 };
  const run = async () => {
    const pieces = [];
    for await (const piece of model.generate(ids, options)) pieces.push(piece);
    return pieces;
  };
  const pieces = await run();
  expect(await run()).toEqual(pieces);
  const tokens = [...ids, ...pieces.flatMap(({ token }) => token ?? [])];
  const scores = (await model.score(tokens)).slice(ids.length - 1);
  expect(pieces.length).toBe(18);
  for (const [i, { logprob }] of pieces.entries()) expect(logprob).toBeCloseTo(scores[i] ?? 0, 3);
});

test("a model that proposes for itself is always right, and the text is that of plain decoding", async () => {
  const options = { temperature: 1, seed: 8, maxTokens: 18, repetitionPenalty: 1.2, frequencyPenalty: 0.2 };
  const plain = await model.generate(ids, options).result;
  const own = { kind: "draft", model, tokens: 5 } as const;
  const { rows, speculative } = await model.generate(ids, { ...options, speculative: own }).result;
  expect(rows).toEqual(plain.rows);
  expect(speculative?.accepted).toBe(speculative?.drafted);
});
