import { describe, expect, test } from "vitest";
import { randomSource } from "../../../src/check/random.ts";
import { type Ban, banRepeats, banTokens } from "../../../src/generate/beams/bans.ts";
import type { BeamModel, BeamSource } from "../../../src/generate/beams/model.ts";
import { advanceSearch, beginSearch, candidatesOf, endedNow, stableText } from "../../../src/generate/beams/search.ts";
import { type SearchesOptions, type SearchProgress, searchAll } from "../../../src/generate/beams/searches.ts";
import { type Logits, logSoftmax, oracle } from "./oracle.ts";

/** Logits that depend on the last two tokens, the length and a seed, with end tokens less likely than others. */
function randomLogits(seed: number, vocabulary: number, eos: readonly number[]): Logits {
  const known = new Map<string, readonly number[]>();
  return (text) => {
    const key = `${text.length} ${text.slice(-2)}`;
    const hash = [text.length, ...text.slice(-2)].reduce((all, one) => (31 * all + one + 1) % 65_536, seed);
    const own = known.get(key) ?? made(randomSource(hash));
    known.set(key, own);
    return own;
  };
  function made(source: ReturnType<typeof randomSource>): number[] {
    return Array.from({ length: vocabulary }, (_, token) => 4 * source.uniform() + (eos.includes(token) ? 0.5 : 0));
  }
}

/** A model whose rows hold texts as a cache holds keys: copied in place from parents, then longer by the last token. */
function rowsModel(logits: readonly Logits[], prompts: readonly (readonly number[])[], options: SearchesOptions) {
  const { beams, vocabulary } = options;
  const n = Math.min(candidatesOf(options), beams * vocabulary);
  const cache = prompts.flatMap((prompt) =>
    Array.from({ length: beams }, (_, i) => (i === 0 ? prompt.slice(0, -1) : [])),
  );
  let copies = 0;
  const model: BeamModel = async ({ live, last, parents, scores, ranks, allowed, moved }) => {
    for (const [row, parent] of parents.entries()) {
      if (parent === row) continue;
      expect(parents[parent], "a row that is copied stays").toBe(parent);
      expect(Math.floor(parent / beams)).toBe(Math.floor(row / beams));
      expect(moved).toBe(true);
      cache[row] = [...(cache[parent] ?? [])];
      copies++;
    }
    const [ids, totals] = [new Uint32Array(prompts.length * n), new Float64Array(prompts.length * n)];
    for (const [source, prompt] of prompts.entries()) {
      const pairs = Array.from({ length: beams }, (_, i) => source * beams + i).flatMap((row) => {
        if (!live[row]) {
          expect(scores[row]).toBe(Number.NEGATIVE_INFINITY);
          return [];
        }
        const text = [...(cache[row] ?? []), last[row] ?? 0];
        cache[row] = text;
        const words = Math.ceil(vocabulary / 32);
        const may = (token: number) =>
          !allowed || ((allowed[row * words + (token >> 5)] ?? 0) >>> (token % 32)) % 2 === 1;
        return logSoftmax(logits[source]?.(text.slice(prompt.length)) ?? []).flatMap((logprob, token) => {
          const total = may(token) ? (scores[row] ?? 0) + logprob : Number.NEGATIVE_INFINITY;
          return [{ rank: ranks[row] ?? 0, token, total }];
        });
      });
      pairs.sort((p, q) => (p.total === q.total ? p.token - q.token || p.rank - q.rank : q.total - p.total));
      for (let i = 0; i < n; i++) {
        const pair = pairs[i];
        ids[source * n + i] = pair ? pair.rank * vocabulary + pair.token : 0;
        totals[source * n + i] = pair?.total ?? Number.NEGATIVE_INFINITY;
      }
    }
    return { ids, totals: totals as unknown as Float32Array }; // float64, so that the oracle's are met exactly
  };
  return { model, copies: () => copies };
}

type SearchTexts = readonly { readonly tokens: readonly number[]; readonly score: number }[];

const never = new AbortController().signal;

async function searched(model: BeamModel, sources: readonly BeamSource[], options: SearchesOptions, stop = never) {
  const results: SearchProgress[] = [];
  const stable = sources.map((): readonly number[] => []);
  for await (const progress of searchAll(model, sources, options, stop)) {
    const before = stable[progress.source] ?? [];
    expect(progress.tokens.slice(0, before.length), "what was certain stays").toEqual(before);
    stable[progress.source] = progress.tokens;
    if (progress.ended) results[progress.source] = progress;
  }
  return results.map(({ ended, tokens }) => {
    expect(tokens).toEqual(ended?.texts[0]?.tokens ?? []);
    return ended;
  });
}

const notFinite = async (source: number, tokens: number) => new Error(`not finite: source ${source}, ${tokens} tokens`);

const defaults = {
  lengthPenalty: 1,
  earlyStopping: false,
  eos: [0],
  vocabulary: 13,
  bans: [] as readonly Ban[],
  notFinite,
} as const;

/** The same texts; totals are kept in f32 between steps, so scores differ by its rounding. */
function expectTexts(texts: SearchTexts | undefined, expected: SearchTexts, what: string): void {
  expect(
    texts?.map(({ tokens }) => tokens),
    what,
  ).toEqual(expected.map(({ tokens }) => tokens));
  for (const [i, { score }] of expected.entries()) {
    expect(Math.abs((texts?.[i]?.score ?? 0) - score), what).toBeLessThan(1e-6 * Math.abs(score) + 1e-9);
  }
}

describe("against float64 by the rules, three sources at once", () => {
  const kinds = [true, false, "never"] as const;
  const penalties = [-1.5, 0, 0.6, 1, 2];
  const ends = [[], [0], [0, 5]];
  for (const earlyStopping of kinds) {
    for (const lengthPenalty of penalties) {
      test(`earlyStopping ${earlyStopping}, lengthPenalty ${lengthPenalty}`, async () => {
        let copies = 0;
        for (const eos of ends) {
          for (const beams of [2, 3, 4]) {
            for (const bans of [[], [banRepeats(2)], [banRepeats(1), banTokens([3])]]) {
              const options: SearchesOptions = { ...defaults, earlyStopping, lengthPenalty, eos, beams, bans };
              const prompts = [[1], [2, 4, 2], [7, 7]];
              const limits = [9, 6, 1];
              const logits = prompts.map((_, i) => randomLogits(100 * beams + i + eos.length, 13, eos));
              const rows = rowsModel(logits, prompts, options);
              const sources = prompts.map((prompt, i) => ({ prompt, maxTokens: limits[i] ?? 0 }));
              const results = await searched(rows.model, sources, options);
              copies += rows.copies();
              for (const [i, prompt] of prompts.entries()) {
                const banned = (text: readonly number[]) => bans.flatMap((ban) => [...ban([...prompt, ...text])]);
                const own = logits[i] as Logits;
                const expected = oracle(own, {
                  beams,
                  earlyStopping,
                  lengthPenalty,
                  eos,
                  maxTokens: limits[i] ?? 0,
                  banned,
                });
                expectTexts(results[i]?.texts, expected, `${beams} beams, end ${eos}, source ${i}`);
              }
            }
          }
        }
        expect(copies).toBeGreaterThan(0);
      });
    }
  }
});

test("with room for every text it finds the best of all there are", async () => {
  for (const lengthPenalty of [-1, 0, 1, 2.5]) {
    const logits = randomLogits(5, 3, [0]);
    const all: { tokens: number[]; score: number }[] = [];
    const walk = (tokens: number[], total: number) => {
      if (tokens.length === 4 || tokens.at(-1) === 0) {
        all.push({ tokens, score: total / tokens.length ** lengthPenalty });
        return;
      }
      for (const [token, logprob] of logSoftmax(logits(tokens)).entries()) walk([...tokens, token], total + logprob);
    };
    walk([], 0);
    all.sort((p, q) => q.score - p.score);
    const options: SearchesOptions = { ...defaults, vocabulary: 3, beams: 81, lengthPenalty, earlyStopping: "never" };
    const [result] = await searched(
      rowsModel([logits], [[1]], options).model,
      [{ prompt: [1], maxTokens: 4 }],
      options,
    );
    expectTexts(result?.texts, all.slice(0, 81), `lengthPenalty ${lengthPenalty}`);
  }
});

test("of equal totals the lower token goes first, then the better text; of equal scores the earlier", async () => {
  const flat: Logits = () => new Array<number>(13).fill(0);
  const options: SearchesOptions = { ...defaults, eos: [12], beams: 3, lengthPenalty: 0 };
  const [result] = await searched(rowsModel([flat], [[1]], options).model, [{ prompt: [1], maxTokens: 2 }], options);
  expect(result?.texts.map(({ tokens }) => tokens)).toEqual([
    [0, 0],
    [1, 0],
    [2, 0],
  ]);
  const rules = { ...options, eos: [5], maxTokens: 9 };
  const first = advanceSearch(
    beginSearch(),
    [
      { rank: 0, token: 5, total: -1 },
      { rank: 0, token: 6, total: -1 },
    ],
    rules,
  );
  const second = advanceSearch(first, [{ rank: 0, token: 5, total: -1 }], rules);
  expect(second.ended.map(({ tokens }) => tokens)).toEqual([[5], [6, 5]]);
});

test("an end token ends a text only among the best: later ones are there to go on", () => {
  const rules = { ...defaults, beams: 2, maxTokens: 5 };
  const candidates = [3, 4, 0, 6].map((token, i) => ({ rank: 0, token, total: -1 - i }));
  const search = advanceSearch(beginSearch(), candidates, rules);
  expect(search.ended).toEqual([]);
  expect(search.open.map(({ tokens }) => tokens)).toEqual([[3], [4]]);
});

test("what is certain is what all texts share that may still win", () => {
  const rules = { ...defaults, beams: 2, maxTokens: 4, lengthPenalty: 1 };
  const open = [
    { tokens: [1, 2, 3], total: -3, parent: 0 },
    { tokens: [1, 4, 3], total: -9, parent: 0 },
  ];
  const search = { open, ended: [], length: 3, done: false };
  expect(stableText(search, rules).tokens).toEqual([1]);
  // At four tokens the second would come to -9 / 4, worse than -1.5; the first to -3 / 4.
  expect(stableText({ ...search, ended: [{ tokens: [1, 2, 0], score: -1.5 }] }, rules).tokens).toEqual([1, 2]);
  expect(stableText({ ...search, ended: [{ tokens: [1, 2, 0], score: -2.5 }] }, rules).tokens).toEqual([1]);
  expect(stableText({ ...search, ended: [{ tokens: [1, 2, 0], score: -0.5 }] }, rules).tokens).toEqual([1, 2, 0]);
  expect(endedNow(search, rules).map(({ score }) => score)).toEqual([-1, -3]);
});

test("forced tokens come whatever the model says, and as if they were certain", async () => {
  const options: SearchesOptions = { ...defaults, beams: 2 };
  const logits = randomLogits(9, 13, [0]);
  const forced = (length: number) => (length === 0 ? 7 : length === 3 ? 0 : undefined);
  const { model } = rowsModel([logits], [[1]], options);
  const [result] = await searched(model, [{ prompt: [1], maxTokens: 4, forced }], options);
  const [best] = result?.texts ?? [];
  expect(best?.tokens[0]).toBe(7);
  const total = best?.tokens.reduce((sum, token, i) => {
    return forced(i) === undefined ? sum + (logSoftmax(logits(best.tokens.slice(0, i)))[token] ?? 0) : sum;
  }, 0);
  expect(best?.score).toBeCloseTo((total ?? 0) / (best?.tokens.length ?? 1), 5);
});

test("where no token may come, the texts end as they are", async () => {
  const options: SearchesOptions = { ...defaults, eos: [], beams: 2, vocabulary: 3, bans: [banRepeats(1)] };
  const { model } = rowsModel([randomLogits(3, 3, [])], [[1]], options);
  const [result] = await searched(model, [{ prompt: [1], maxTokens: 9 }], options);
  expect(result?.stopped).toBe(true);
  expect([...(result?.texts[0]?.tokens ?? [])].sort()).toEqual([0, 2]);
});

test("stopped, it has the best text so far, which begins with what was certain", async () => {
  const options: SearchesOptions = { ...defaults, eos: [], beams: 3 };
  const controller = new AbortController();
  const { model } = rowsModel([randomLogits(4, 13, [])], [[1]], options);
  let steps = 0;
  const stopping: BeamModel = async (step, stop) => {
    if (++steps === 5) controller.abort(new Error("enough"));
    stop.throwIfAborted();
    return await model(step, stop);
  };
  const [result] = await searched(stopping, [{ prompt: [1], maxTokens: 20 }], options, controller.signal);
  expect(result?.stopped).toBe(true);
  expect(result?.texts[0]?.tokens.length).toBe(4);
});

test("logits that are not finite end it with an error that names the source", async () => {
  const options: SearchesOptions = { ...defaults, beams: 2 };
  const model: BeamModel = async () => ({ ids: new Uint32Array(8), totals: new Float32Array(8).fill(Number.NaN) });
  const run = searched(model, [{ prompt: [1, 2], maxTokens: 3 }], options);
  await expect(run).rejects.toThrow("not finite: source 0, 2 tokens");
});

test("a source without room is not searched, and needs no row", async () => {
  const options: SearchesOptions = { ...defaults, beams: 2 };
  const { model } = rowsModel([randomLogits(4, 13, [0])], [[1]], options);
  const results: SearchProgress[] = [];
  for await (const one of searchAll(model, [{ prompt: [1], maxTokens: 0 }], options, never)) results.push(one);
  expect(results).toEqual([]);
});
