import { type GenerationOptions, loadModel } from "shaderformer";
import type { Run } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";
import { idsWithin, shownToken, sum } from "../texts.ts";

/** Strategies for choosing tokens: what each makes of one distribution, and the text that it leads to. */
export const run: Run<SettingsOf<"decoding">> = async function* (gpu, values, { models }) {
  const { prompt, tokens, temperature, topK, topP, minP, beams, seed } = values;
  using model = await loadModel(gpu, `${models}/voices-nano`);
  const { tokenizer, context } = model;
  const every = Array.from({ length: tokenizer.size }, (_, id) => id);
  const ids = idsWithin(tokenizer, "the prompt", prompt, context - tokens);
  // What a strategy leaves unset the model's folder would set: these options keep every token.
  const all = { temperature: 1, topK: 0, topP: 1, minP: 0 };
  const strategies: readonly (readonly [name: string, options: GenerationOptions])[] = [
    ["temperature 1: the head's own distribution", all],
    ["greedy", { ...all, temperature: 0 }],
    [`temperature ${temperature}`, { ...all, temperature }],
    [`top-k ${topK}`, { ...all, topK }],
    [`top-p ${topP}`, { ...all, topP }],
    [`min-p ${minP}`, { ...all, minP }],
  ];

  const { own } = await model.nextTokenProbabilities(ids, every);
  const likeliest = every.toSorted((a, b) => (own[b] ?? 0) - (own[a] ?? 0)).slice(0, 12);
  const rows: (string | number)[][] = [];
  /** Writes a text, and adds it to the table with its log-probability by the head's own distribution. */
  const write = async (name: string, kept: number | string, options: GenerationOptions) => {
    const generation = model.generate(ids, { ...options, seed, maxTokens: tokens, ignoreEos: true });
    const { rows: [row] = [], text } = await generation.result;
    const scores = await model.score([...ids, ...(row?.tokens ?? [])]);
    const score = sum(scores.slice(ids.length - 1));
    rows.push([name, kept, score, text]);
    return score;
  };
  const head = ["strategy", "tokens that may come", "log-probability of the text", "text"];
  const table = { kind: "table", title: "What they write", head, rows } as const;
  const keeps: number[] = [];
  const scores: number[] = [];
  for (const [name, options] of strategies) {
    const { temperature, topK, topP, minP } = { ...all, ...options };
    const { drawn, kept } = await model.nextTokenProbabilities(ids, every, { temperature, topK, topP, minP });
    const bars = likeliest.map((id) => [shownToken(tokenizer, id), drawn[id] ?? 0] as const);
    yield { kind: "bars", title: `Next token: ${name}`, bars };
    keeps.push(kept);
    scores.push(await write(name, kept, options));
    yield table;
  }
  const searched = await write(`${beams} beams`, "", { beams, lengthPenalty: 0 });
  yield table;
  const [, greedy = 0] = scores;
  const drawn = Math.max(...scores.filter((_, i) => i !== 1));
  return {
    "kept by top-k": keeps[3] ?? 0,
    "kept by top-p": keeps[4] ?? 0,
    "kept by min-p": keeps[5] ?? 0,
    of: tokenizer.size,
    "log-probability, greedy": greedy,
    "with beams": searched,
    "the best drawn text": drawn,
  };
};
