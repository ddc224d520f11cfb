import { loadModel } from "shaderformer";
import type { Run } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";
import { draw, idsWithin, shownToken } from "../texts.ts";
import { randomOf, shareOf } from "../training.ts";

/** Writes a token at a time, then reads a text and says at each place what it would have expected there. */
export const run: Run<SettingsOf<"language-model">> = async function* (gpu, values, { models }) {
  const { prompt, tokens, temperature, seed, passage } = values;
  using model = await loadModel(gpu, `${models}/voices-nano`);
  const { tokenizer, context } = model;
  const every = Array.from({ length: tokenizer.size }, (_, id) => id);
  // This function is the model: of the tokens so far, a probability for each token of its vocabulary.
  const likely = (ids: readonly number[]) => model.nextTokenProbabilities(ids, every, { temperature, topK: 0 });
  /** The place of a token among all, the likeliest first. */
  const rankOf = (own: Float64Array, id: number) => own.filter((one) => one > (own[id] ?? 0)).length + 1;

  const random = randomOf(seed);
  const ids = idsWithin(tokenizer, "the prompt", prompt, context - 1);
  const written: (string | number)[][] = [];
  while (written.length < tokens && ids.length < context && ids.at(-1) !== tokenizer.eos) {
    const { own, drawn } = await likely(ids);
    const best = every.toSorted((a, b) => (own[b] ?? 0) - (own[a] ?? 0)).slice(0, 10);
    const bars = best.map((id) => [shownToken(tokenizer, id), own[id] ?? 0] as const);
    yield { kind: "bars", title: "The ten likeliest next tokens, and their probabilities", bars };
    const next = draw(random, drawn);
    written.push([shownToken(tokenizer, next), own[next] ?? 0, rankOf(own, next)]);
    yield { kind: "table", title: "The tokens that it wrote", head: ["token", "probability", "rank"], rows: written };
    ids.push(next); // and again, with one token more
  }

  const read = idsWithin(tokenizer, "the text to read", passage, context);
  if (read.length < 3) throw new RangeError("the text to read is too short: expected two tokens or more");
  const ranks: (string | number)[][] = [];
  for (let i = 2; i < read.length; i++) {
    const { own } = await likely(read.slice(0, i));
    const id = read[i] ?? 0;
    ranks.push([shownToken(tokenizer, id), own[id] ?? 0, rankOf(own, id)]);
    const title = "Probability of the token that does come next in the text";
    yield { kind: "point", title, axes: ["place", "probability"], line: "true token", at: [i, own[id] ?? 0] };
  }
  yield { kind: "table", title: "The text that it read", head: ["token", "probability", "rank"], rows: ranks };
  return {
    places: ranks.length,
    "share where the true token is the likeliest": shareOf(ranks, ([, , rank]) => rank === 1),
    "share where it is among the ten likeliest": shareOf(ranks, ([, , rank]) => Number(rank) <= 10),
    "share by guessing ten": 10 / tokenizer.size,
  };
};
