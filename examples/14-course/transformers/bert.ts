import { loadEncoder } from "shaderformer/encoders";
import type { Run } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";
import { shareOf } from "../training.ts";

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

/** Hidden words from both sides, and from the words in front of them alone. */
export const run: Run<SettingsOf<"bert">> = async function* (gpu, { text, top }, { models }) {
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
  return {
    "found from both sides": shareOf(found, ({ both }, i) => both.best.includes(sentences[i]?.[1] ?? "")),
    "found from the words before": shareOf(found, ({ before }, i) => before.best.includes(sentences[i]?.[1] ?? "")),
    "loss from both sides, nats": loss("both"),
    "loss from the words before, nats": loss("before"),
  };
};
