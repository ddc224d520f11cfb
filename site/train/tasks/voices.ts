import { bytesOf, kindsIn, textOf } from "./characters.ts";
import { below } from "./random.ts";
import type { Task } from "./task.ts";
import { voiceTexts } from "./voice-texts.ts";
import { windowsOf } from "./windows.ts";

/** What stands between two voices, as between documents of the command's data. */
const mark = "<|endoftext|>";

/** Voices that a text may have: a table shows no more. */
const [least, most] = [2, 8];

/** The voices of a text by their names: parts between lines that are marks, or ours where there is none. */
function voicesOf(text: string): readonly (readonly [name: string, text: string])[] {
  if (text.trim() === "") return Object.entries(voiceTexts);
  const parts = text.replaceAll(/\r\n?/g, "\n").split(/^<\|endoftext\|>[^\S\n]*$/m);
  const found = parts.map((part) => part.trim()).filter((part) => part !== "");
  if (found.length >= least && found.length <= most) return found.map((part, i) => [`text ${i + 1}`, part]);
  throw new RangeError(
    `the text has ${found.length} parts between lines ${mark}, expected ${least} to ${most}: each is a voice`,
  );
}

/**
 * Predicting the next character of texts of several voices, by a mixture of experts: which experts the tokens of each
 * voice choose is seen as it grows. A window has one voice, which nothing names to the model.
 */
export const voices: Task = {
  name: "voices",
  title: "Voices",
  says: "The next character of texts in several voices: yours, or the King James Bible, Moby-Dick, an address on the State of the Union and the Jargon File. The model is a mixture of experts, and the page shows which of them each voice comes to use. The last tenth of each text is held out.",
  length: { label: "context", range: [16, 128], standard: 64 },
  standard: { architecture: "mixtral", layers: 2, heads: 4, batch: 12, learningRate: 2e-3, steps: 2000 },
  text: {
    standard: Object.values(voiceTexts).join(`\n${mark}\n`),
    whose: "those of four voices",
    asks: `Your texts, a line ${mark} between two voices`,
  },
  examples: (context, given) => {
    const texts = voicesOf(given).map(([name, text]) => [name, bytesOf(text)] as const);
    const windows = texts.map(([voice, text]) => ({ voice, ...windowsOf(text, context, "bytes", voice) }));
    const names = texts.map(([name]) => name);
    const all = texts.map(([, text]) => text).join("");
    const [{ promptLength = 0, answerLength = 0 } = {}] = windows;
    return {
      ...{ promptLength, answerLength, wholeLoss: true, scored: "next" },
      alphabet: [...new Set(all)].sort().join(""),
      readable: textOf,
      kinds: [{ by: "voice", names, of: ({ voice = "" }) => names.indexOf(voice) }, kindsIn(all)],
      shown: names.length,
      draw: (random) => {
        const one = windows[below(random, windows.length)];
        if (!one) throw new RangeError("there is no voice");
        return { ...one.draw(random), voice: one.voice };
      },
      heldOut: (count) => {
        const each = windows.map(({ heldOut, voice }) =>
          heldOut(Math.ceil(count / windows.length)).map((example) => ({ ...example, voice })),
        );
        // In turns, so that the first ones are of all voices.
        const longest = Math.max(...each.map(({ length }) => length));
        const turns = Array.from({ length: longest }, (_, i) => each.flatMap((one) => one[i] ?? []));
        return turns.flat().slice(0, count);
      },
    };
  },
};
