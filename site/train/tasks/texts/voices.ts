import { below } from "../random.ts";
import type { Example, Kinds, Task } from "../task.ts";
import { bytesOf, kindsIn, textOf } from "./characters.ts";
import { voiceTexts } from "./voice-texts.ts";
import { windowsOf } from "./windows.ts";

/** The line between two voices, as between documents in the command's data. */
const mark = "<|endoftext|>";

/** Maximum voices of a text: a table shows no more. */
const [least, most] = [2, 8];

/** The voices of a text by name: parts between marker lines, or ours without any. */
function voicesOf(text: string): readonly (readonly [name: string, text: string])[] {
  if (text.trim() === "") return Object.entries(voiceTexts);
  const parts = text.replaceAll(/\r\n?/g, "\n").split(/^<\|endoftext\|>[^\S\n]*$/m);
  const found = parts.map((part) => part.trim()).filter((part) => part !== "");
  if (found.length >= least && found.length <= most) return found.map((part, i) => [`text ${i + 1}`, part]);
  throw new RangeError(
    `the text has ${found.length} parts between lines ${mark}, expected ${least} to ${most}: each is a voice`,
  );
}

/** Characters from Unicode's private use area, one for each voice, at the beginning of its windows. */
const firstMark = 0xf800;

/** The name of a voice as a token, as in the bundled models. */
const tokenOf = (name: string) => `<|${name.replaceAll(" ", "-")}|>`;

/** Kinds of characters, plus one for the tokens that name voices. */
function kindsAfterNames({ by, names, of }: Kinds): Kinds {
  return {
    by,
    names: [...names, "names of voices"],
    of: (example, position) => (position === 0 ? names.length : of(example, position)),
  };
}

/**
 * Predicting the next character of texts of several voices, by a mixture of experts: which experts the tokens of each
 * voice choose is seen as it grows. A window begins with a token that names its voice, as those of the bundled models
 * do.
 */
export const voices: Task = {
  name: "voices",
  title: "Voices",
  group: "Texts",
  says: "The next character of texts in several voices: yours, or the King James Bible, Moby-Dick, an address on the State of the Union and the Jargon File. A token names the voice. The model is a mixture of experts, and the page shows which of them each voice comes to use, and each kind of character, by which they differ far more. The last tenth of each text is held out.",
  length: { label: "context", range: [16, 128], standard: 64 },
  standard: { architecture: "mixtral", layers: 2, heads: 4, batch: 12, learningRate: 2e-3, steps: 400 },
  counted: "the characters",
  text: {
    standard: Object.values(voiceTexts).join(`\n${mark}\n`),
    whose: "those of four voices",
    asks: `Your texts, a line ${mark} between two voices`,
  },
  examples: (context, given) => {
    const texts = voicesOf(given).map(([name, text]) => [name, bytesOf(text)] as const);
    const windows = texts.map(([voice, text], i) => ({
      voice,
      mark: String.fromCharCode(firstMark + i),
      ...windowsOf(text, context - 1, "bytes", voice, context),
    }));
    const names = texts.map(([name]) => name);
    const all = texts.map(([, text]) => text).join("");
    const words = new Map(windows.map(({ voice, mark }) => [mark, tokenOf(voice)]));
    const marked = ({ voice, mark }: (typeof windows)[number], { prompt, answer }: Example) => ({
      prompt: mark + prompt,
      answer,
      voice,
    });
    const [{ promptLength = 0, answerLength = 0 } = {}] = windows;
    return {
      words,
      promptLength: promptLength + 1,
      answerLength,
      wholeLoss: true,
      scored: "next",
      alphabet: [...words.keys()].join("") + [...new Set(all)].sort().join(""),
      readable: (text) => {
        const name = words.get(text[0] ?? "");
        return name === undefined ? textOf(text) : name + textOf(text.slice(1));
      },
      kinds: [{ by: "voice", names, of: ({ voice = "" }) => names.indexOf(voice) }, kindsAfterNames(kindsIn(all))],
      shown: names.length,
      draw: (random) => {
        const one = windows[below(random, windows.length)];
        if (!one) throw new RangeError("there is no voice");
        return marked(one, one.draw(random));
      },
      heldOut: (count) => {
        const each = windows.map((one) =>
          one.heldOut(Math.ceil(count / windows.length)).map((example) => marked(one, example)),
        );
        // Alternating, so that the first ones cover all voices.
        const longest = Math.max(...each.map(({ length }) => length));
        const turns = Array.from({ length: longest }, (_, i) => each.flatMap((one) => one[i] ?? []));
        return turns.flat().slice(0, count);
      },
    };
  },
};
