import { visible } from "../../../src/text/token-text.ts";
import type { Tokenizer } from "../../../src/text/tokenizer.ts";
import { counted } from "../../shell/format.ts";
import type { Run } from "./run.ts";

/** Names of unknown tokens in tokenizers. */
const names = ["<unk>", "[UNK]"] as const;
/** Maximum number of words named, and of characters of each. */
const [maxWords, maxCharacters] = [5, 24];

/** The words of a text without tokens, each once; none if the tokenizer covers all text. */
export function unknownWords({ idOf, encode }: Pick<Tokenizer, "idOf" | "encode">, text: string): readonly string[] {
  const unknown = names.map((name) => idOf(name)).find((id) => id !== undefined);
  const isUnknown = (part: string) =>
    unknown !== undefined && encode(part, { addSpecialTokens: false }).includes(unknown);
  return isUnknown(text) ? [...new Set(text.split(/\s+/))].filter((word) => word !== "" && isUnknown(word)) : [];
}

const quoted = (word: string): string => {
  const characters = [...word];
  return `“${visible(characters.slice(0, maxCharacters).join(""))}${characters.length > maxCharacters ? "…" : ""}”`;
};

/** The note on unknown words in the source and in the written text; undefined for none. */
export function unknownSays({
  unknown = [],
  source,
  target,
}: Pick<Run, "unknown" | "source" | "target">): string | undefined {
  const name = names.find((one) => source.includes(one) || target.includes(one));
  if (name === undefined) return undefined;
  const named = unknown.slice(0, maxWords).map(quoted);
  const others = unknown.length - named.length;
  const words = [...named, ...(others > 0 ? [counted(others, "other word")] : [])];
  const list = words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words.at(-1)}` : (words[0] ?? "some words");
  return [
    ...(source.includes(name)
      ? [`The model has no token for ${list}: it reads ${name} there, and cannot know what it was.`]
      : []),
    ...(target.includes(name)
      ? [`Where ${name} is written, the model chose the token that stands for every word it has none for.`]
      : []),
  ].join(" ");
}
