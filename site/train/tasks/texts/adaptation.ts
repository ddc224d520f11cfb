import type { Task } from "../task.ts";
import { characters, plain } from "./characters.ts";
import { windowsOf } from "./windows.ts";

/** Characters from Unicode's private use area, one for each token. */
const first = 0xe000;
const room = 0x1900;

/**
 * The bundled model learns the style of a text with a low-rank adapter (LoRA, Hu et al. 2021): its own weights stay
 * unchanged.
 */
export const adaptation: Task = {
  name: "adaptation",
  title: "Fine-tune",
  group: "Texts",
  says: "A bundled language model learns the manner of a text, yours or the amendments: an adapter of low rank (LoRA) is trained, and the model's own weights stay as they are. The text's last tenth is held out: its loss, the dashed line, rises again once the model overfits a short text.",
  length: { label: "context", range: [16, 128], standard: 64 },
  standard: { batch: 4, learningRate: 2e-3, weightDecay: 0, steps: 100 },
  counted: "the tokens",
  adapts: true,
  ...(characters.text ? { text: characters.text } : {}),
  examples: (context, given, base) => {
    if (!base || base.vocabulary > room) throw new TypeError("there is no model whose tokens could be trained on");
    const text = Array.from(base.encode(plain(given)), (id) => String.fromCharCode(first + id)).join("");
    return {
      ...windowsOf(text, context, "tokens"),
      alphabet: Array.from({ length: base.vocabulary }, (_, id) => String.fromCharCode(first + id)).join(""),
      wholeLoss: true,
      scored: "next",
      readable: (tokens) => base.decode(Array.from(tokens, (character) => character.charCodeAt(0) - first)),
    };
  },
};
