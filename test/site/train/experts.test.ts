// Which experts each kind of token uses, as the page that trains shows it.
import { beforeAll, describe, expect, test } from "vitest";
import { expertWidth, fieldsOf, settingsFor, settingsProblem, sizesOf } from "../../../site/train/setup/settings.ts";
import { kindsOf } from "../../../site/train/tasks/kinds.ts";
import type { Kinds } from "../../../site/train/tasks/task.ts";
import { taskOf } from "../../../site/train/tasks/tasks.ts";
import { differenceOf, sharesOf, together } from "../../../site/train/views/specialisation.ts";
import { useByKind } from "../../../site/train/worker/expert-use.ts";
import { readRun } from "../../../site/train/worker/saved.ts";
import { openSession, type Session } from "../../../site/train/worker/session.ts";
import { openFiles } from "../../../src/formats/files.ts";
import { loadModel } from "../../../src/generate/load/load-model.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { quickGpu } from "../../support/devices/gpu.ts";

describe("kinds of tokens", () => {
  const kinds = (
    ...[task, length, text = ""]: readonly ["sort" | "addition" | "induction" | "characters", number, string?]
  ) => {
    const examples = taskOf(task).examples(length, text);
    const [{ by, names, of }] = kindsOf(examples) as [Kinds];
    const [first] = examples.heldOut(1);
    const written = (first?.prompt ?? "") + (first?.answer ?? "");
    return { by, names, written, found: first ? Array.from(written, (_, i) => names[of(first, i)]) : [] };
  };

  test("very few characters are two kinds each, where they are given and where they are the answer", () => {
    const { by, names, written, found } = kinds("sort", 3);
    expect([by, names]).toEqual([
      "character",
      ["0 given", "1 given", "2 given", "0 answered", "1 answered", "2 answered"],
    ]);
    expect(found).toEqual(Array.from(written, (digit, i) => `${digit} ${i < 3 ? "given" : "answered"}`));
  });

  test("a few are one kind each, and of many there are two halves", () => {
    const { names, written, found } = kinds("addition", 1);
    expect(names.join("")).toBe("0123456789+=");
    expect(found.join("")).toBe(written);
    expect(kinds("induction", 8).found).toEqual([...Array(9).fill("given"), ...Array(3).fill("answered")]);
  });

  test("a text has kinds of characters, and those that do not occur are left out", () => {
    const { names, written, found } = kinds("characters", 16, "Say it again, Sam.\n".repeat(40));
    expect(names).toEqual(["spaces, line ends", "vowels", "consonants", "capitals", "marks and others"]);
    const of = (character: string) => found[written.indexOf(character)];
    expect([of(" "), of("a"), of("m"), of("S")]).toEqual(names.slice(0, 4));
  });
});

describe("voices", () => {
  test("are the parts of a text between its marks, and take turns among what is held out", () => {
    const part = (letter: string) => `${letter}${" ".repeat(3)}`.repeat(100);
    const text = [part("a"), part("b"), part("c")].join("\n<|endoftext|>\n");
    const examples = taskOf("voices").examples(16, text);
    expect(examples.kinds?.map(({ by, names }) => [by, names.length])).toEqual([
      ["voice", 3],
      ["kind of character", 4],
    ]);
    const heldOut = examples.heldOut(6);
    expect(heldOut.map(({ voice }) => voice)).toEqual(["text 1", "text 2", "text 3", "text 1", "text 2", "text 3"]);
    for (const { prompt, answer, voice } of heldOut) {
      const number = Number(voice?.slice(5));
      expect(examples.readable(prompt)).toMatch(new RegExp(`^<\\|text-${number}\\|>`));
      expect((prompt.slice(1) + answer).replaceAll(/\s/g, "")).toMatch(new RegExp(`^${" abc"[number]}+$`));
    }
  });

  test("are two at least and eight at most, each long enough", () => {
    const examples = (text: string) => () => taskOf("voices").examples(16, text);
    expect(examples("one voice")).toThrow("the text has 1 parts between lines <|endoftext|>, expected 2 to 8");
    expect(examples("a\n<|endoftext|>\nb")).toThrow("text 1 has 1 bytes, expected at least 160 for a context of 16");
  });
});

test("the difference of kinds is the mean over pairs, and kinds without tokens do not count", () => {
  expect(sharesOf([1, 3])).toEqual([0.25, 0.75]);
  expect(sharesOf([0, 0])).toBeUndefined();
  expect(
    differenceOf([
      [2, 2],
      [5, 5],
    ]),
  ).toBe(0);
  expect(
    differenceOf([
      [4, 0],
      [0, 1],
    ]),
  ).toBe(1);
  expect(
    differenceOf([
      [4, 0],
      [0, 4],
      [2, 2],
    ]),
  ).toBeCloseTo((1 + 0.5 + 0.5) / 3, 12);
  expect(
    differenceOf([
      [4, 0],
      [0, 0],
    ]),
  ).toBeUndefined();
  expect(
    together([
      [1, 2],
      [3, 4],
    ]),
  ).toEqual([4, 6]);
});

test("choices are counted by kind and expert", async () => {
  const examples = taskOf("sort").examples(3, "");
  const given = [{ prompt: "210", answer: "012" }];
  const facts = { layers: [4], experts: 3, chosen: 2 };
  const choices = [0, 1, 0, 1, 0, 2, 1, 2, 1, 2]; // of positions 0 to 4, two each
  const found = await useByKind(facts, examples, [given, 5], async (layer) => (layer === 4 ? choices : []));
  expect(found).toEqual([
    [
      [
        [1, 0, 1],
        [1, 1, 0],
        [1, 1, 0],
        [0, 1, 1],
        [0, 1, 1],
        [0, 0, 0],
      ],
    ],
  ]);
});

describe("settings of a mixture", () => {
  const mixture = settingsFor("sort", { architecture: "mixtral", experts: 6, chosen: 3 });

  test("have fields where the model is one", () => {
    const names = (settings: typeof mixture) => sizesOf(settings).map(({ name }) => name);
    expect(names(mixture)).toEqual(["layers", "heads", "headWidth", "experts", "chosen"]);
    expect(names(settingsFor("sort"))).toEqual(["layers", "heads", "headWidth"]);
    expect(fieldsOf("adaptation").map(({ name }) => name)).not.toContain("experts");
  });

  test("are refused where more are chosen than there are", () => {
    expect(settingsProblem(mixture)).toBeUndefined();
    expect(settingsProblem({ ...mixture, experts: 2 })).toBe("3 experts are chosen, expected at most the 2 there are.");
    expect(settingsProblem({ ...mixture, chosen: 1 })).toMatch(/^Chosen for a token is a whole number from 2 to 4/);
    expect(expertWidth({ heads: 3, headWidth: 16, chosen: 2 })).toBe(72);
  });
});

describe("a run of voices", () => {
  const settings = settingsFor("voices", {
    length: 16,
    layers: 2,
    heads: 2,
    headWidth: 8,
    batch: 4,
    every: 4,
    steps: 8,
  });
  let gpu: Gpu;
  let run: Session;
  beforeAll(async () => {
    gpu = await quickGpu();
    run = await openSession(gpu, { settings, text: "" }, undefined);
  });

  test("counts what the routers' own statistics count, split by voice", async () => {
    const { routers, context } = run.facts;
    expect(routers).toMatchObject({ layers: [0, 1], experts: 4, chosen: 2 });
    const [voices, characters] = routers?.divisions ?? [];
    expect(voices).toEqual({ by: "voice", kinds: ["scripture", "whale", "union", "jargon"] });
    expect(characters?.by).toBe("kind of character");
    const first = await run.look();
    await run.advance(1);
    await run.advance(4);
    const second = await run.look();
    const examples = taskOf("voices").examples(16, "");
    const { expertUse } = await run.evaluate(examples.heldOut(16));
    for (const use of second?.look.use ?? []) expect(use.map(together)).toEqual(expertUse);
    for (const layer of first?.look.use?.[0] ?? []) {
      for (const counts of layer) expect(counts.reduce((a, b) => a + b)).toBe((16 / 4) * context * 2);
    }
    expect(second?.look.samples.map(({ voice }) => voice)).toEqual(voices?.kinds);
    expect(run.history.steps.at(-1)?.auxiliaryLoss).toBeGreaterThan(1.9);
  });

  test("is kept with what the experts did, and exported as a mixture", async () => {
    const read = await readRun(await run.saved());
    expect(read.history.looks.map(({ use }) => use)).toEqual(run.history.looks.map(({ use }) => use));
    const { files } = await run.exported();
    expect(JSON.parse((await files["config.json"]?.text()) ?? "")).toMatchObject({
      model_type: "mixtral",
      num_local_experts: 4,
      num_experts_per_tok: 2,
      intermediate_size: 24,
    });
    const model = await loadModel(gpu, openFiles(files));
    const [sample] = run.history.looks.at(-1)?.samples ?? [];
    expect((await model.generate(sample?.prompt ?? "").result).text).toBe(sample?.given);
    model.dispose();
    run.dispose();
  });
});
