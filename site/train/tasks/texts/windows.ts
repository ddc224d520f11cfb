import { below, randomOf } from "../random.ts";
import type { Example, Examples } from "../task.ts";

/** The last part of a text is held out. */
const heldOutShare = 0.1;

/**
 * Windows of a text of so many tokens to predict, each a character: the last tenth of it is held out. For messages,
 * `unit` names a token, `name` the text, and `asked` is the context that the reader chose. Throws for a text that is
 * too short.
 */
export function windowsOf(
  text: string,
  context: number,
  unit: string,
  name = "the text",
  asked = context,
): Omit<Examples, "alphabet" | "readable" | "wholeLoss" | "scored"> {
  const end = Math.floor(text.length * (1 - heldOutShare));
  const least = context + 1;
  if (text.length - end < least || end < least) {
    const needed = Math.ceil(least / heldOutShare);
    throw new RangeError(
      `${name} has ${text.length} ${unit}, expected at least ${needed} for a context of ${asked}: its last tenth is held out`,
    );
  }
  const promptLength = Math.floor(context / 4);
  const window = (begin: number): Example => ({
    prompt: text.slice(begin, begin + promptLength),
    answer: text.slice(begin + promptLength, begin + least),
  });
  return {
    promptLength,
    answerLength: least - promptLength,
    draw: (random) => window(below(random, end - least)),
    heldOut: (most) => {
      const random = randomOf(0x5eed, 1);
      const room = text.length - end - least;
      return Array.from({ length: Math.min(most, room + 1) }, (_, i) =>
        window(end + (room < most ? i : below(random, room + 1))),
      );
    },
  };
}
