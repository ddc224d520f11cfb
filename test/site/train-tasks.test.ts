// What the page that trains gives models to learn.
import { describe, expect, test } from "vitest";
import { settingsFor, settingsProblem } from "../../site/train/setup/settings.ts";
import { baselinesOf } from "../../site/train/tasks/baselines.ts";
import { letters, randomOf } from "../../site/train/tasks/random.ts";
import type { Example } from "../../site/train/tasks/task.ts";
import { type TaskName, taskNames, taskOf } from "../../site/train/tasks/tasks.ts";
import { batchesOf } from "../../site/train/worker/batches.ts";

const reversed = (text: string) => [...text].toReversed().join("");
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Whether an answer is right, said another way than the task makes it. */
const isRight: Readonly<Record<TaskName, (example: Example) => boolean>> = {
  sort: ({ prompt, answer }) => {
    const count = (text: string, digit: string) => text.split(digit).length - 1;
    return ["0", "1", "2"].every((digit) => count(prompt, digit) === count(answer, digit)) && /^0*1*2*$/.test(answer);
  },
  copy: ({ prompt, answer }) => prompt === `${answer}>`,
  reverse: ({ prompt, answer }) => prompt === `${reversed(answer)}>`,
  addition: ({ prompt, answer }) => {
    const [, a, b] = /^(\d+)\+(\d+)=$/.exec(prompt) ?? [];
    return Number(a) + Number(b) === Number(reversed(answer));
  },
  induction: ({ prompt, answer }) => (prompt + answer).slice(0, 12) === (prompt + answer).slice(12),
  modular: ({ prompt: [a = "", , b = ""], answer }) =>
    digits.indexOf(answer) === (digits.indexOf(a) + digits.indexOf(b)) % 23,
  characters: ({ answer }) => answer.length > 0,
  voices: ({ answer, voice }) => answer.length > 0 && /^text [123]$/.test(voice ?? ""),
  adaptation: ({ answer }) => answer.length > 0,
};

/** A model's tokens, here bytes. */
const base = {
  vocabulary: 256,
  encode: (text: string) => [...new TextEncoder().encode(text)],
  decode: (ids: readonly number[]) => new TextDecoder().decode(Uint8Array.from(ids)),
};

describe.each(taskNames)("%s", (name) => {
  const task = taskOf(name);
  const random = randomOf(7, 0);
  // A text in which nothing comes twice, as in ones that people write; of several voices where a task has them.
  const texts = Array.from({ length: name === "voices" ? 3 : 1 }, () => letters(random, "abcdefgh \n", 5000));
  const examples = task.examples(task.length.standard, texts.join("\n<|endoftext|>\n"), base);
  const drawn = Array.from({ length: 300 }, () => examples.draw(random));
  const heldOut = examples.heldOut(200);

  test("answers are right, all as long, and of characters of the alphabet", () => {
    for (const example of [...drawn, ...heldOut]) {
      expect(isRight[name](example)).toBe(true);
      expect(example.prompt).toHaveLength(examples.promptLength);
      expect(example.answer).toHaveLength(examples.answerLength);
      for (const character of example.prompt + example.answer) expect(examples.alphabet).toContain(character);
    }
  });

  test("nothing that is held out is trained on, and it is the same each time", () => {
    expect(heldOut.length).toBeGreaterThan(100);
    expect(examples.heldOut(200)).toEqual(heldOut);
    const known = new Set(heldOut.map(({ prompt, answer }) => prompt + answer));
    for (let i = 0; i < 3000; i++) {
      const { prompt, answer } = examples.draw(random);
      expect(known.has(prompt + answer)).toBe(false);
    }
  });

  test("without a model the loss is at most ln V, and less with what comes before", () => {
    const { uniform, unigram, bigram } = baselinesOf(examples);
    expect(uniform).toBeCloseTo(Math.log(examples.alphabet.length), 12);
    expect(unigram).toBeLessThanOrEqual(uniform + 1e-9);
    expect(bigram).toBeLessThanOrEqual((unigram ?? 0) + 1e-9);
  });

  test("its settings are valid, and give the same batch for a seed and a step", () => {
    const settings = settingsFor(name);
    expect(settingsProblem(settings)).toBeUndefined();
    const { ofStep, context } = batchesOf(examples);
    const batch = ofStep(3, 5, 4);
    expect(ofStep(3, 5, 4)).toEqual(batch);
    expect(ofStep(3, 6, 4)).not.toEqual(batch);
    expect(ofStep(4, 5, 4)).not.toEqual(batch);
    expect(batch.ids.every((row) => row.length === context)).toBe(true);
    for (const row of batch.targets) {
      const ignored = row.filter((target) => target === -100);
      expect(ignored).toHaveLength(examples.wholeLoss ? 0 : examples.promptLength - 1);
    }
  });
});

test("a text that is too short is refused, with what it would need", () => {
  expect(() => taskOf("characters").examples(64, "a short text")).toThrow(
    "the text has 12 bytes, expected at least 650 for a context of 64: its last tenth is held out",
  );
});
