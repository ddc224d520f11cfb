import { type FileSource, type Gpu, openModel } from "shaderformer";
import { loadEncoder } from "shaderformer/encoders";
import { freshFolder, freshHead, openTrainableEncoder } from "shaderformer/train";
import type { Run } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";
import { argmax, logitsOf, shareOf, train } from "../training.ts";
import { voiceLines } from "./voice-lines.ts";

/** Words in front of a hidden one, the word, and words after it. */
const sentences = [
  ["And the", "LORD", "said unto Moses, Go unto Pharaoh"],
  ["In the", "beginning", "God created the heaven and the earth"],
  ["And it came to", "pass", "in those days"],
  ["The children of", "Israel", "did evil in the sight of the LORD"],
  ["And he said unto", "them", ", Go ye into the city"],
  ["The Congress of the United", "States", "has been called together"],
  ["The attention of", "Congress", "is called to this subject"],
  ["during the fiscal", "year", "ending June 30"],
  ["the people of the United", "States", "and of Great Britain"],
  ["The whale was seen from the", "ship", "and the boats were lowered"],
  ["the captain stood on the", "deck", "of the ship"],
  ["He is the king of kings and lord of", "lords", ", for ever and ever"],
] as const;

interface Guess {
  readonly best: readonly string[];
  /** Minus the logarithm of the hidden word's probability. */
  readonly loss: number;
}

const voices = Object.keys(voiceLines);

/** Voices as labels: every third sentence to learn from, the others to be asked. */
const examples = voices.flatMap((voice, label) =>
  (voiceLines[voice] ?? []).map((text, i) => ({ text, label, isLearnt: i % 3 === 0 })),
);

/** Fine-tunes a net on 20 sentences; yields its loss, and returns the share of 40 others whose voice it names. */
async function* fineTuned(
  gpu: Gpu,
  from: FileSource,
  { steps, rate, seed }: { readonly steps: number; readonly rate: number; readonly seed: number },
) {
  const headed = await freshHead(from, { task: "classify", labels: voices, seed });
  const model = await openTrainableEncoder(gpu, headed, { task: "classify", onWarning: () => {} });
  try {
    const drawn = examples.map(({ text, ...example }) => ({ ...example, ids: model.tokenizer.encodeInput(text).ids }));
    const batchOf = (some: typeof drawn) => ({
      ids: some.map(({ ids }) => ids),
      labels: some.map(({ label }) => label),
    });
    const learnt = voices.map((_, voice) => drawn.filter(({ label, isLearnt }) => isLearnt && label === voice));
    let turn = 0;
    const next = () => {
      const some = learnt.flatMap((list) => list[turn % list.length] ?? []);
      turn++;
      return batchOf(some);
    };
    const schedule = { name: "linear", learningRate: rate, steps, warmup: Math.ceil(steps / 10) } as const;
    yield* train(model, next, { steps, every: 2, schedule, clip: 1 });
    const asked = batchOf(drawn.filter(({ isLearnt }) => !isLearnt));
    const logits = await logitsOf(gpu, model, asked);
    return shareOf(asked.labels, (label, i) => argmax(logits[i] ?? []) === label);
  } finally {
    model.dispose();
  }
}

/** The same net with fresh weights. */
async function freshNet(source: FileSource, seed: number): Promise<FileSource> {
  const read = async (file: string) => new TextDecoder().decode(await source.read(file, 0, await source.size(file)));
  const names = ["tokenizer.json", "tokenizer_config.json"];
  const files = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await read(name)] as const)));
  return freshFolder(JSON.parse(await read("config.json")), { seed, files, initialiser: "xavier" });
}

/** Hidden words from both sides, and from the words in front of them alone. */
export const run: Run<SettingsOf<"bert">> = async function* (gpu, { text, top, steps, rate, seed }, { models }) {
  using encoder = await loadEncoder(gpu, `${models}/voices-encoder`);
  if (!text.includes("[MASK]"))
    throw new RangeError("the text has no [MASK]: choose a word to hide, and write [MASK] for it");
  const { masks } = await encoder.fillMask(text, { top: 10 });
  for (const [i, mask] of masks.entries()) {
    const title = masks.length > 1 ? `Your text, mask ${i + 1}` : "Your text";
    yield { kind: "bars", title, bars: mask.map(({ token, probability }) => [token, probability]) };
  }
  const found: { both: Guess; before: Guess }[] = [];
  const rows: string[][] = [];
  for (const [before, word, after] of sentences) {
    const guess = async (given: string): Promise<Guess> => {
      const all = (await encoder.fillMask(given, { top: 2048 })).masks[0] ?? [];
      const is = all.find(({ token }) => token.trim() === word);
      const best = all.slice(0, top).map(({ token }) => token.trim());
      return { best, loss: -Math.log(is?.probability ?? all.at(-1)?.probability ?? 1) };
    };
    const [both, front] = [await guess(`${before} [MASK] ${after}`), await guess(`${before} [MASK]`)];
    found.push({ both, before: front });
    rows.push([`${before} … ${after}`, word, both.best.join(" "), front.best.join(" ")]);
    yield {
      kind: "table",
      title: `The ${top} likeliest words`,
      head: ["sentence", "hidden", "from both sides", "from the words before"],
      rows,
    };
  }
  const loss = (side: "both" | "before") => found.reduce((sum, guess) => sum + guess[side].loss, 0) / found.length;
  const source = await openModel(`${models}/voices-encoder`);
  const right: number[] = [];
  for (const line of ["pre-trained", "fresh weights"]) {
    const from = line === "pre-trained" ? source : await freshNet(source, seed);
    const tuning = fineTuned(gpu, from, { steps, rate, seed });
    let next = await tuning.next();
    for (; !next.done; next = await tuning.next()) {
      const at = [next.value.step, next.value.loss] as const;
      yield { kind: "point", title: "Fine-tuning on 20 sentences", axes: ["step", "loss, nats"], line, at };
    }
    right.push(next.value);
    yield {
      kind: "bars",
      title: "Voices named right, of 40 other sentences",
      bars: right.map((share, i) => [i === 0 ? "pre-trained" : "fresh", share]),
    };
  }
  return {
    "voices right, pre-trained": right[0] ?? 0,
    "voices right, fresh weights": right[1] ?? 0,
    "found from both sides": shareOf(found, ({ both }, i) => both.best.includes(sentences[i]?.[1] ?? "")),
    "found from the words before": shareOf(found, ({ before }, i) => before.best.includes(sentences[i]?.[1] ?? "")),
    "loss from both sides, nats": loss("both"),
    "loss from the words before, nats": loss("before"),
  };
};
