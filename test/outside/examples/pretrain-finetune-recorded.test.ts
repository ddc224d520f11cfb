// What examples/13-pretrain-finetune has recorded, and its examples; the runs themselves are in 13-pretrain-finetune.test.ts.
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { meanOf, readRuns, tableOf } from "../../../examples/13-pretrain-finetune/runs.ts";
import { type Net, settings, stepsFor } from "../../../examples/13-pretrain-finetune/settings.ts";
import { tasks } from "../../../examples/13-pretrain-finetune/tasks.ts";
import { readSentences } from "../../../examples/13-pretrain-finetune/texts.ts";

const folder = "examples/13-pretrain-finetune";
const runs = readRuns(`${folder}/results.json`);
const scores = (task: string, net: string, size: number) =>
  runs.filter((run) => run.task === task && run.net === net && run.size === size).map(({ score }) => score);

describe("results", () => {
  test("are of three seeds for each task, net and number of examples, with the settings of the example", () => {
    const expected = tasks.flatMap(({ name: task }) =>
      Object.entries(settings).flatMap(([net, { rates, batch }]) => {
        const learningRate = (rates as Readonly<Record<string, number>>)[task];
        return [20, 200, 2000].flatMap((size) =>
          learningRate === undefined
            ? []
            : [0, 1, 2].map((seed) => ({ task, net, size, seed, steps: stepsFor(size), batch, learningRate })),
        );
      }),
    );
    // Of numbers of examples above 20 some may not have been run.
    const isRun = ({ task, net, size }: (typeof expected)[number]) => size === 20 || scores(task, net, size).length > 0;
    expect(runs.map(({ score: _, seconds: __, ...run }) => run)).toEqual(expected.filter(isRun));
  });

  test("make the table of the README", async () => {
    expect(await readFile(`${folder}/README.md`, "utf8")).toContain(tableOf(runs));
  });

  const gains = ["voice", "capitals"].flatMap((task) => [20, 200, 2000].map((size) => [task, size] as const));
  test.each(gains)("%s from %i labels: the gain is larger than both spreads together", (task, size) => {
    const [own, others] = [scores(task, "pre-trained", size), scores(task, "fresh", size)];
    const [pretrained, fresh] = [meanOf(own), meanOf(others)];
    expect(pretrained.mean - fresh.mean).toBeGreaterThan(pretrained.deviation + fresh.deviation);
    expect(Math.min(...own)).toBeGreaterThan(Math.max(...others));
  });

  test("follows: nothing is learnt from 20 labels", () => {
    const { mean } = meanOf([...scores("follows", "pre-trained", 20), ...scores("follows", "fresh", 20)]);
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
  });

  test("have the rates with the best means of those that were tried", () => {
    const tried = readRuns(`${folder}/search.json`);
    for (const [net, { rates }] of Object.entries(settings) as [Net, (typeof settings)[Net]][]) {
      for (const [task, rate] of Object.entries(rates)) {
        const own = tried.filter((run) => run.net === net && run.task === task);
        if (own.length === 0) continue; // follows, of which nothing is learnt
        const means = [...new Set(own.map(({ learningRate }) => learningRate))].map((learningRate) => {
          const { mean } = meanOf(own.filter((run) => run.learningRate === learningRate).map(({ score }) => score));
          return { learningRate, mean };
        });
        const most = Math.max(...means.map(({ mean }) => mean));
        expect(means.find(({ learningRate }) => learningRate === rate)?.mean, `${net}, ${task}`).toBe(most);
      }
    }
  });
});

describe("examples", () => {
  const [training, heldOut] = [readSentences(`${folder}/texts`, "train"), readSentences(`${folder}/texts`, "val")];
  const [voice, capitals, follows] = tasks;

  test("held-out sentences are none of those to train on", () => {
    const known = new Set(training.map(({ text }) => text));
    expect(heldOut.filter(({ text }) => known.has(text))).toEqual([]);
    expect(training.length).toBeGreaterThan(500);
  });

  test("voices take turns, and other seeds draw others", () => {
    const found = voice?.examples(training, 20, 1) ?? [];
    expect(found.map(({ labels }) => labels[0])).toEqual(Array.from({ length: 20 }, (_, i) => i % 4));
    expect(voice?.examples(training, 20, 2)).not.toEqual(found);
  });

  test("capitals: a label a word, and a score that counts words with capitals after the first", () => {
    const text = "The LORD spake unto Moses, I am.";
    const sentence = { text, voice: "scripture", document: "scripture 0", next: undefined } as const;
    const [example] = capitals?.examples([sentence], 1, 0) ?? [];
    expect(example).toEqual({ texts: ["the lord spake unto moses, i am."], labels: [1, 2, 0, 0, 1, 1, 0] });
    const score = (...labels: number[]) => capitals?.score(example ? [example] : [], [labels]);
    expect(score(0, 2, 0, 0, 1, 1, 0)).toBe(1);
    expect(score(1, 0, 0, 0, 0, 0, 0)).toBe(0);
    expect(score(1, 1, 0, 0, 1, 0, 0)).toBeCloseTo((2 * 1) / (2 + 3), 12);
  });

  test("follows: half of the pairs are neighbours, the others of two documents", () => {
    const found = follows?.examples(training, 40, 1) ?? [];
    const nextOf = new Map(training.map(({ text, next }) => [text, next]));
    const documentOf = new Map(training.map(({ text, document }) => [text, document]));
    expect(found.filter(({ labels }) => labels[0] === 1)).toHaveLength(20);
    for (const {
      texts: [text, pair = ""],
      labels: [label],
    } of found) {
      if (label === 1) expect(pair).toBe(nextOf.get(text));
      else expect(documentOf.get(pair)).not.toBe(documentOf.get(text) ?? "");
      expect(pair).not.toBe("");
    }
  });
});
