import { pick } from "../training.ts";
import { sentences } from "../words/planted.ts";

/** The words of a small language, and the full stop after each of its sentences. */
export const words = [".", ...new Set(sentences.flat())];

/** Texts of random sentences, and the next word for each of their words. */
export function textsOf(random: () => number, count: number, length: number) {
  const texts = Array.from({ length: count }, () => {
    const text: number[] = [];
    while (text.length <= length) text.push(...pick(random, sentences).map((word) => words.indexOf(word)), 0);
    return text;
  });
  return { ids: texts.map((text) => text.slice(0, length)), targets: texts.map((text) => text.slice(1, length + 1)) };
}
