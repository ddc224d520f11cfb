// What the page that trains gives models to learn.
import { describe, expect, test } from "vitest";
import { csvOf } from "../../../site/shell/plots/numbers.ts";
import { idsOf, smallFilesOf } from "../../../site/train/setup/folder.ts";
import { settingsFor, settingsProblem } from "../../../site/train/setup/settings.ts";
import { baselinesOf } from "../../../site/train/tasks/baselines.ts";
import { expectationOf, measured } from "../../../site/train/tasks/expectation.ts";
import { masked } from "../../../site/train/tasks/language/masked.ts";
import { letters, randomOf } from "../../../site/train/tasks/random.ts";
import type { Example } from "../../../site/train/tasks/task.ts";
import { type TaskName, taskNames, taskOf } from "../../../site/train/tasks/tasks.ts";
import { maskedText } from "../../../site/train/tasks/texts/masked-text.ts";
import { batchesOf } from "../../../site/train/worker/batches.ts";
import { createTokenizer } from "../../../src/text/create-tokenizer.ts";

/** French words by English ones, of either gender. */
const french: Readonly<Record<string, readonly string[]>> = {
  the: ["le", "la"],
  a: ["un", "une"],
  this: ["ce", "cette"],
  my: ["mon", "ma"],
  small: ["petit", "petite"],
  big: ["grand", "grande"],
  pretty: ["joli", "jolie"],
  bad: ["mauvais", "mauvaise"],
  black: ["noir", "noire"],
  white: ["blanc", "blanche"],
  green: ["vert", "verte"],
  heavy: ["lourd", "lourde"],
  warm: ["chaud", "chaude"],
  cat: ["chat"],
  dog: ["chien"],
  horse: ["cheval"],
  book: ["livre"],
  boat: ["bateau"],
  bread: ["pain"],
  house: ["maison"],
  car: ["voiture"],
  table: ["table"],
  flower: ["fleur"],
  door: ["porte"],
  key: ["clef"],
  sees: ["voit"],
  wants: ["veut"],
  takes: ["prend"],
  finds: ["trouve"],
  sells: ["vend"],
  loses: ["perd"],
};
const feminine = ["house", "car", "table", "flower", "door", "key"];
const early = ["small", "big", "pretty", "bad"];

/** A noun phrase in French, from its words in English. */
function inFrench(words: readonly string[]): readonly string[] {
  const noun = words.at(-1) ?? "";
  const form = (word: string) => french[word]?.[feminine.includes(noun) ? 1 : 0] ?? french[word]?.[0] ?? "";
  const [article = "", ...adjectives] = words.slice(0, -1);
  const isEarly = (word: string) => early.includes(word);
  return [article, ...adjectives.filter(isEarly), noun, ...adjectives.filter((word) => !isEarly(word))].map(form);
}

/** What digits a number in words has. */
function digitsOf(words: readonly string[]): string {
  const digits = "zero one two three four five six seven eight nine";
  const small = `${digits} ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen`.split(" ");
  const tens = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
  let [whole, part] = [0, 0];
  for (const word of words) {
    if (word === "hundred") part *= 100;
    else if (word === "thousand") [whole, part] = [1000 * part, 0];
    else if (tens.includes(word)) part += 10 * (2 + tens.indexOf(word));
    else if (word !== "and") part += small.indexOf(word);
  }
  return String(whole + part);
}

/** Whether sentences praise in the end. */
function praises(text: string): boolean {
  const [first = "", ...more] = text.split(/ (?=but |although )/);
  const isGood = (clause: string) => /(good|great|lovely|fine)$/.test(clause) !== / not /.test(clause);
  return more.reduce((so, clause) => (clause.startsWith("but") ? isGood(clause) : so), isGood(first));
}

/** What animals do, one and several, and where they live. */
const animals: Readonly<Record<string, readonly [one: string, several: string, home: string]>> = {
  dog: ["barks", "bark", "kennel"],
  cat: ["purrs", "purr", "basket"],
  bird: ["sings", "sing", "nest"],
  fish: ["swims", "swim", "pond"],
  horse: ["gallops", "gallop", "stable"],
  bee: ["hums", "hum", "hive"],
};

/** Whether a sentence about an animal agrees in number, and says what it does and where it lives. */
function agrees(sentence: string): boolean {
  const phrase = "(this|these)(?: (?:small|old|young|happy))? ([a-z]+)";
  const clause = `(?: that (sees|see|fears|fear) ${phrase})?`;
  const found = new RegExp(`^${phrase}${clause} ([a-z]+) and (goes|go) to (its|their) ([a-z]+) \\.$`).exec(sentence);
  if (!found) return false;
  const [, which, name = "", verb, other, otherName = "", does, goes, whose, home] = found;
  const isOne = which === "this";
  const nameOf = (noun: string, one: boolean) => (one ? noun : noun.replace(/(?<=fish)es$|s$/, ""));
  const [one, several, lives] = animals[nameOf(name, isOne)] ?? [];
  const isClauseRight =
    verb === undefined || (verb.endsWith("s") === isOne && nameOf(otherName, other === "this") in animals);
  return (
    isClauseRight &&
    does === (isOne ? one : several) &&
    goes === (isOne ? "goes" : "go") &&
    whose === (isOne ? "its" : "their") &&
    home === lives
  );
}

const reversed = (text: string) => [...text].toReversed().join("");
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Whether an answer is right, said another way than the task makes it. */
const isRight: Readonly<Record<TaskName | "masked" | "masked-text", (example: Example) => boolean>> = {
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
  "addition-forwards": ({ prompt, answer }) => {
    const [, a, b] = /^(\d+)\+(\d+)=$/.exec(prompt) ?? [];
    return Number(a) + Number(b) === Number(answer);
  },
  induction: ({ prompt, answer }) => {
    const first = prompt.indexOf(prompt.at(-1) ?? "");
    return answer.length === 5 && prompt.slice(first + 1, -1).startsWith(answer) && new Set(prompt).size === 12;
  },
  modular: ({ prompt: [a = "", , b = ""], answer }) =>
    digits.indexOf(answer) === (digits.indexOf(a) + digits.indexOf(b)) % 23,
  characters: ({ answer }) => answer.length > 0,
  "sort-letters": ({ prompt, answer }) =>
    /^(.)*$/.test(answer) &&
    [...answer].every((one, i) => i === 0 || (answer[i - 1] ?? "") <= one) &&
    [...prompt.slice(0, -1)].sort().join("") === answer,
  numbers: ({ prompt, answer }) => `${digitsOf(prompt.slice(0, -1).trim().split(" "))}.` === answer,
  dates: ({ prompt, answer }) => {
    const text = prompt
      .slice(0, -1)
      .replace(/(\d)(st|nd|rd|th)/, "$1")
      .replace("the ", "")
      .replace(" of ", " ");
    const [, day, month, year] = /^(\d+)\.(\d+)\.(\d+)$/.exec(text) ?? [];
    const spaced = text.replace(/^(\d\d)([a-z]{3})(\d{4})$/, "$1 $2 $3");
    const date = new Date(`${day === undefined ? spaced : `${year}/${month}/${day}`} UTC`);
    return `${date.toISOString().slice(0, 10)}|` === answer;
  },
  translation: ({ prompt, answer }) => {
    const words = prompt.slice(0, -1).trim().split(" ");
    const verb = words.findIndex((word) => /^(sees|wants|takes|finds|sells|loses)$/.test(word));
    const all = [...inFrench(words.slice(0, verb)), french[words[verb] ?? ""]?.[0], ...inFrench(words.slice(verb + 1))];
    return `${all.join(" ")} .` === answer;
  },
  opinions: ({ prompt, answer }) => answer === (praises(prompt.slice(0, -1).trim()) ? "+." : "-."),
  masked: ({ prompt, answer }) => prompt === "" && agrees(answer),
  "masked-text": ({ prompt, answer }) => prompt === "" && answer.length === 16,
  // What is near a word is tested with the sentences.
  words: ({ prompt, answer }) => prompt !== "" && answer !== "",
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

  test("answers are right, all as long or with an end, and of characters of the alphabet", () => {
    const used = new Set<string>();
    for (const example of [...drawn, ...heldOut]) {
      const [prompt, answer] = [examples.readable(example.prompt), examples.readable(example.answer)];
      if (!isRight[name]({ ...example, prompt, answer })) expect.fail(`${prompt} ${answer}`);
      if (examples.end === undefined) {
        expect(example.prompt).toHaveLength(examples.promptLength);
        expect(example.answer).toHaveLength(examples.answerLength);
      } else {
        expect(example.prompt.length).toBeLessThanOrEqual(examples.promptLength);
        expect(example.answer.length).toBeLessThanOrEqual(examples.answerLength);
        expect(example.answer.indexOf(examples.end)).toBe(example.answer.length - 1);
      }
      for (const character of example.prompt + example.answer) used.add(character);
    }
    expect([...used].filter((character) => !examples.alphabet.includes(character))).toEqual([]);
  });

  test("nothing that is held out is trained on, and it is the same each time", () => {
    expect(heldOut.length).toBeGreaterThan(100);
    expect(examples.heldOut(200)).toEqual(heldOut);
    // Of word vectors sentences are held out, whose words are near in others too.
    if (examples.relations) return;
    const known = new Set(heldOut.map(({ prompt, answer }) => prompt + answer));
    const trainedOn = Array.from({ length: 3000 }, () => examples.draw(random));
    expect(trainedOn.filter(({ prompt, answer }) => known.has(prompt + answer))).toEqual([]);
  });

  test("without a model the loss is at most ln V, and less with what comes before", () => {
    const { uniform, unigram, bigram } = baselinesOf(examples);
    expect(uniform).toBeCloseTo(Math.log(examples.alphabet.length), 12);
    expect(unigram).toBeLessThanOrEqual(uniform + 1e-9);
    expect(bigram).toBeLessThanOrEqual((unigram ?? 0) + 1e-9);
  });

  test.skipIf(task.adapts)("the tokenizer of its models reads what a person reads as the same tokens", () => {
    const files = smallFilesOf(examples);
    const json = (file: string) => JSON.parse(files[file] ?? "");
    const tokenizer = createTokenizer(json("tokenizer.json"), json("tokenizer_config.json"));
    const ids = idsOf(examples.alphabet);
    for (const { prompt, answer } of heldOut.slice(0, 20)) {
      const text = prompt || answer;
      expect(tokenizer.encode(examples.readable(text))).toEqual(Array.from(text, (one) => ids.get(one)));
    }
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
    const some = batchesOf(examples).of(drawn.slice(0, 20));
    for (const [i, row] of some.targets.entries()) {
      const { prompt = "", answer = "" } = drawn[i] ?? {};
      const counted = row.flatMap((target, at) => (target === -100 ? [] : [[at, target]]));
      const first = examples.wholeLoss ? 1 : prompt.length;
      const wanted = Array.from((prompt + answer).slice(first), (one, at) => [
        first + at - 1,
        examples.alphabet.indexOf(one),
      ]);
      expect(counted).toEqual(wanted);
    }
  });
});

test("a text that is too short is refused, with what it would need", () => {
  expect(() => taskOf("characters").examples(64, "a short text")).toThrow(
    "the text has 12 bytes, expected at least 650 for a context of 64: its last tenth is held out",
  );
});

test("words whose order does not count say little of an opinion", () => {
  const { guess, uniform, unigram = 1 } = baselinesOf(taskOf("opinions").examples(2, ""), "labels");
  expect(guess?.name).toBe("words");
  expect(guess?.share).toBeGreaterThan(0.45);
  expect(guess?.share).toBeLessThan(0.75);
  // As many praise as blame.
  expect(uniform).toBeCloseTo(Math.log(2), 12);
  expect(unigram).toBeGreaterThan(0.99 * Math.log(2));
});

test("neighbours on both sides say more than how often words come, and not all", () => {
  for (const task of [masked, maskedText]) {
    const { guess, unigram = 0, bigram = 0 } = baselinesOf(task.examples(task.length.standard, ""));
    expect(guess?.name).toBe("neighbours");
    expect(guess?.share).toBeGreaterThan(0.3);
    expect(guess?.share).toBeLessThan(0.9);
    expect(bigram).toBeLessThan(0.8 * unigram);
  }
});

test("numbers as comma-separated values", () => {
  const show = String;
  const columns = [
    { name: "step", show },
    { name: 'loss, "nats"', show },
  ];
  expect(
    csvOf({
      label: "",
      columns,
      rows: [
        [1000, 0.25],
        [2000, undefined],
      ],
    }),
  ).toBe('step,"loss, ""nats"""\r\n1000,0.25\r\n2000,\r\n');
  const names = { column: "word", of: ["rome, here"] };
  expect(csvOf({ label: "", names, columns, rows: [[1, 2]] })).toBe(
    'word,step,"loss, ""nats"""\r\n"rome, here",1,2\r\n',
  );
});

test.each(measured.runs)("what $task reaches with $given is said where its settings are chosen", ({ task, given }) => {
  const settings = settingsFor(task, given);
  expect(settingsProblem(settings)).toBeUndefined();
  const expected = /^To expect: [\d.]+ % .* after ([\d\u2009]+) steps?\. The first steps show how long they take here/;
  const [, steps = ""] = expected.exec(expectationOf(settings, undefined) ?? "") ?? [];
  const aSecond = Number(steps.replaceAll("\u2009", "")) / 60;
  expect(expectationOf(settings, aSecond)).toMatch(/ At this device's speed they take about 60 s\.$/);
  expect(expectationOf({ ...settings, batch: 7 }, 1)).toBeUndefined();
});
