import { analogy, freshWordVectors, nearestWords, openWordVectors } from "shaderformer/words";
import type { Run, Shown } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";
import { pick, randomOf, shareOf, train } from "../training.ts";
import { planeOf } from "./plane.ts";
import { relations, sentences } from "./planted.ts";

const words = [...new Set(sentences.flat())];

/** The numbers of words that a reader gives. */
function idsOf(text: string, count: number): number[] {
  const given = text.toLowerCase().trim().split(/\s+/);
  const unknown = given.find((word) => !words.includes(word));
  if (unknown !== undefined) throw new RangeError(`“${unknown}” is not a word of these sentences: ${words.join(", ")}`);
  if (given.length !== count) throw new RangeError(`“${text}” has ${given.length} words, expected ${count}`);
  return given.map((word) => words.indexOf(word));
}

/** All words with each of their neighbours, up to `window` words away. */
const neighboursWithin = (window: number) =>
  sentences.flatMap((sentence) =>
    sentence.flatMap((word, i) =>
      sentence
        .filter((_, j) => j !== i && Math.abs(j - i) <= window)
        .map((near) => [words.indexOf(word), words.indexOf(near)] as const),
    ),
  );

/** The planted analogies, in both directions: the first word is to the second as the third is to the fourth. */
const planted = Object.values(relations).flatMap((pairs) =>
  pairs.flatMap(([a, b]) =>
    pairs
      .filter(([c]) => c !== a)
      .flatMap(([c, d]) => [
        [a, b, c, d],
        [b, a, d, c],
      ])
      .map((four) => four.map((word) => words.indexOf(word))),
  ),
);

/** Words learn to predict their neighbours (skip-gram, Mikolov et al. 2013), and relations become directions. */
export const run: Run<SettingsOf<"word-vectors">> = async function* (gpu, { word, three, relation, ...values }) {
  const { width, window, steps, rate, seed } = values;
  const [[near = 0], [a = 0, b = 0, c = 0]] = [idsOf(word, 1), idsOf(three, 3)];
  const config = { model_type: "skip-gram", vocab_size: words.length, vector_size: width };
  const model = await openWordVectors(gpu, freshWordVectors(config, { seed }));
  const all = neighboursWithin(window);
  const random = randomOf(seed);
  const draw = () => {
    const drawn = Array.from({ length: 512 }, () => pick(random, all));
    return { ids: drawn.map(([id]) => id), targets: drawn.map(([, target]) => target) };
  };
  const schedule = { name: "linear", learningRate: rate, steps } as const;
  let share = 0;
  try {
    for await (const { step, loss } of train(model, draw, { steps, every: Math.ceil(steps / 15), schedule })) {
      const vectors = await model.vectors();
      share = shareOf(planted, ([a = 0, b = 0, c = 0, d]) => analogy(vectors, a, b, c, { top: 1 })[0]?.word === d);
      yield { kind: "point", title: "Loss", axes: ["step", "loss, nats"], line: "skip-gram", at: [step, loss] };
      const axes = ["step", "right, %"] as const;
      yield { kind: "point", title: "Planted analogies", axes, line: "skip-gram", at: [step, 100 * share] };
      yield map(vectors, relation);
    }
    const vectors = await model.vectors();
    const named = (found: ReturnType<typeof nearestWords>) =>
      found.map(({ word, cosine }) => [words[word] ?? "", cosine] as const);
    const head = ["word", "cosine"];
    yield { kind: "table", title: `Nearest to ${word}`, head, rows: named(nearestWords(vectors, near, { top: 6 })) };
    const title = `${words[a]} is to ${words[b]} as ${words[c]} is to`;
    yield { kind: "table", title, head, rows: named(analogy(vectors, a, b, c, { top: 4 })) };
  } finally {
    model.dispose();
  }
  return { "planted analogies that are right": share, analogies: planted.length };
};

/** The pairs of a relation in the two directions in which their vectors differ most. */
function map(vectors: readonly Float64Array[], relation: string): Shown {
  const pairs = relations[relation] ?? [];
  const points = planeOf(pairs.flat().map((word) => vectors[words.indexOf(word)] ?? new Float64Array()));
  const point = (name: string, i: number) => ({ name, x: points[i]?.[0] ?? 0, y: points[i]?.[1] ?? 0 });
  const drawn = pairs.map((pair, i) => pair.map((name, side) => point(name, 2 * i + side)));
  return { kind: "map", title: `Word vectors: ${relation}`, pairs: drawn };
}
