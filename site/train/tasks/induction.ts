import { answered } from "./pairs.ts";
import { below, split } from "./random.ts";
import type { Task } from "./task.ts";

const alphabet = "abcdefghijklmnopqrstuvwxyz";

/**
 * Random letters, and from one of them on the same again (Olsson et al. 2022): a head that finds the earlier occurrence
 * of the last letter and copies what followed needs another head in a lower layer. The distance varies between
 * examples: else a single head would learn it. The loss stays on a plateau before that pair is found.
 */
export const induction: Task = {
  name: "induction",
  title: "Induction",
  group: "Symbols",
  says: "Random letters, none of them twice, then one of them again, and what followed it before: kfqmdaq → mda. Finding that takes two steps: a head that marks each letter with the one before it, and in a layer above a head that looks for the mark.",
  length: { label: "letters", range: [6, 24], standard: 12 },
  standard: { architecture: "llama", layers: 2, heads: 4, learningRate: 4e-3, warmup: 50, steps: 2000, every: 50 },
  variations: [
    {
      title: "One layer",
      says: "One layer stays on the plateau: what follows a letter is found in two steps, each a layer of its own.",
      settings: { layers: 1, steps: 1000 },
    },
  ],
  examples: (length) => {
    const answerLength = Math.ceil(length / 2) - 1;
    return answered({
      alphabet,
      promptLength: length + 1,
      answerLength,
      ...split((random) => {
        const left = [...alphabet];
        const all = Array.from({ length }, () => left.splice(below(random, left.length), 1)[0] ?? "");
        const begin = below(random, length - answerLength);
        const again = all.slice(begin, begin + 1 + answerLength);
        return { prompt: all.join("") + again[0], answer: again.slice(1).join("") };
      }, 0.05),
    });
  },
};
