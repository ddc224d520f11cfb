import { below, randomOf } from "../random.ts";
import type { Example, Random, Task } from "../task.ts";
import { bytesOf, characters, plain, textOf } from "./characters.ts";
import { windowsOf } from "./windows.ts";

/** The share of characters that is hidden (Devlin et al. 2018). */
const share = 0.15;

/** Characters that no text has, and what they are shown as: a gap, and the end of what is given. */
const [gap, mark] = ["\uf8f0", "\uf8f1"];
const words = new Map([
  [gap, "▢"],
  [mark, "→"],
]);

/** Hides some characters of a text; they are the answer, in their order. */
function hidden(text: string, count: number, random: Random): Example {
  const positions = new Set<number>();
  while (positions.size < count) positions.add(below(random, text.length));
  const given = Array.from(text, (character, i) => (positions.has(i) ? gap : character)).join("");
  return { prompt: given + mark, answer: Array.from(text, (one, i) => (positions.has(i) ? one : "")).join("") };
}

/**
 * Saying the characters that are hidden in a text, from what stands on both sides of them: the task of masked language
 * models, in the form that a decoder can learn (Raffel et al. 2019), which reads all of the text first.
 */
export const gaps: Task = {
  name: "gaps",
  title: "Fill gaps",
  group: "Texts",
  says: "One character in seven of a text is hidden, and the model says them after it, in order: To ▢e or no▢ to be→ bt. It may use what stands on both sides. The text is yours or the amendments; its last tenth is held out.",
  length: { label: "characters", range: [16, 96], standard: 32 },
  standard: { layers: 2, heads: 4, learningRate: 2e-3, batch: 32, steps: 4000 },
  ...(characters.text ? { text: characters.text } : {}),
  examples: (length, given) => {
    const text = bytesOf(plain(given));
    const count = Math.max(1, Math.round(share * length));
    const windows = windowsOf(text, length - 1, "bytes");
    const whole = ({ prompt, answer }: Example) => prompt + answer;
    return {
      alphabet: [...new Set(text)].sort().join("") + gap + mark,
      ...{ words, promptLength: length + 1, answerLength: count, wholeLoss: false, scored: "next", shown: 6 },
      readable: (bytes) =>
        bytes
          .split(/([\uf8f0\uf8f1])/)
          .map((part) => words.get(part) ?? textOf(part))
          .join(""),
      draw: (random) => hidden(whole(windows.draw(random)), count, random),
      heldOut: (most) => {
        const random = randomOf(0x9a95, 0);
        return windows.heldOut(most).map((example) => hidden(whole(example), count, random));
      },
    };
  },
};
