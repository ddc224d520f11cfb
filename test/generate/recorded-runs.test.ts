// The runs that the site's front page plays are the bundled model's: scripts/record/runs.mjs writes them.
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LanguageModel, loadModel } from "../../src/index.ts";
import { bundledModel } from "../support/bundled.ts";
import { quickGpu } from "../support/devices/gpu.ts";

interface Recorded {
  readonly prompt: string;
  readonly given: readonly (readonly [token: number, text: string])[];
  readonly steps: readonly {
    readonly token: number;
    readonly text: string;
    readonly logprob: number;
    readonly rank: number;
    readonly top: readonly (readonly [token: number, text: string, logprob: number])[];
  }[];
}

const folder = "site/front/runs";
const runs = readdirSync(folder).map(
  (name) => [name, JSON.parse(readFileSync(`${folder}/${name}`, "utf8")) as Recorded] as const,
);
let model: LanguageModel;

beforeAll(async () => {
  model = await loadModel(await quickGpu(), bundledModel);
});

afterAll(() => model?.dispose());

test.each(runs)("%s has the model's tokens, texts and probabilities", async (_, { prompt, given, steps }) => {
  const text = (token: number) => model.tokenizer.decode([token], { skipSpecialTokens: false });
  expect(given).toEqual(model.tokenizer.encode(prompt).map((token) => [token, text(token)]));
  const tokens = [...given.map(([token]) => token), ...steps.map(({ token }) => token)];
  const scores = (await model.score(tokens)).slice(given.length - 1);
  const rounding = 5e-4;
  steps.forEach(({ token, logprob, rank, top }, i) => {
    expect(Math.abs((scores[i] ?? Number.NaN) - logprob)).toBeLessThan(rounding + 1e-4);
    expect(top.map(([, , likely]) => likely)).toEqual(top.map(([, , likely]) => likely).sort((p, q) => q - p));
    expect(top.map(([id]) => text(id))).toEqual(top.map(([, words]) => words));
    const at = top.findIndex(([id]) => id === token);
    if (rank <= top.length) expect(at + 1).toBe(rank);
    else expect(at).toBe(-1);
  });
  expect(steps.map((step) => step.text).join("")).toBe(model.tokenizer.decode(steps.map(({ token }) => token)));
});
