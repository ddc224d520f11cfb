import { freshWordClassifier, openWordClassifier } from "shaderformer/words";
import type { Run } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";
import { argmax, pick, randomOf, shareOf, train } from "../training.ts";

const animals = ["dog", "cat", "bird", "horse"];
const verbs = ["chased", "saw", "heard", "followed"];
const moods = ["gladly", "kindly", "angrily", "meanly"]; // two good ones, two bad ones
const words = ["the", ...animals, ...verbs, ...moods];

/** All sentences such as "the dog chased the cat gladly", with their two labels. */
const sentences = animals.flatMap((one) =>
  animals
    .filter((other) => other !== one)
    .flatMap((other) =>
      verbs.flatMap((verb) =>
        moods.map((mood, i) => ({
          text: `the ${one} ${verb} the ${other} ${mood}`,
          mood: Number(i < 2),
          acts: Number(one < other),
        })),
      ),
    ),
);

function idsOf(text: string): number[] {
  const ids = text
    .toLowerCase()
    .trim()
    .split(/\s+/)
    .map((word) => words.indexOf(word));
  const unknown = ids.indexOf(-1);
  if (unknown < 0) return ids;
  throw new RangeError(`“${text.trim().split(/\s+/)[unknown]}” is not a word of this bag: it has ${words.join(", ")}`);
}

/** A weight for each word and label: learns the mood of a sentence, and cannot learn who acts. */
export const run: Run<SettingsOf<"bag-of-words">> = async function* (gpu, { first, second, steps, rate, seed }) {
  const given = [first, second].map(idsOf);
  const right: number[] = [];
  const logits: Float64Array[][] = [];
  for (const label of ["mood", "acts"] as const) {
    const config = { model_type: "bag-of-words", vocab_size: words.length, num_labels: 2 };
    const bag = await openWordClassifier(gpu, freshWordClassifier(config, { seed }));
    const random = randomOf(seed);
    const draw = () => {
      const drawn = Array.from({ length: 32 }, () => pick(random, sentences));
      return { ids: drawn.map(({ text }) => idsOf(text)), labels: drawn.map((sentence) => sentence[label]) };
    };
    const asked = label === "mood" ? "the mood" : "who acts";
    const schedule = { name: "constant", learningRate: rate, steps } as const;
    for await (const { step, loss } of train(bag, draw, { steps, every: 10, schedule })) {
      yield { kind: "point", title: "Loss", axes: ["step", "loss, nats"], line: asked, at: [step, loss] };
    }
    const said = await bag.logits(sentences.map(({ text }) => idsOf(text)));
    right.push(shareOf(sentences, (sentence, i) => argmax(said[i] ?? []) === sentence[label]));
    logits.push(await bag.logits(given));
    bag.dispose();
  }
  const columns = ["meant ill", "meant well", "the second acts", "the first acts"];
  const values = given.map((_, i) => logits.flatMap((both) => [...(both[i] ?? [])]));
  yield { kind: "grid", title: "Logits of your two sentences", rows: [first, second], columns, values };
  const [mood = 0, acts = 0] = right;
  const difference = Math.max(...(values[0] ?? []).map((value, i) => Math.abs(value - (values[1]?.[i] ?? 0))));
  return { "right about the mood": mood, "right about who acts": acts, "largest difference of the logits": difference };
};
