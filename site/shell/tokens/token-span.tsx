import { visible } from "../../../src/text/token-text.ts";
import { logprobOf, share, stepOf, type Unit } from "./tokens.ts";

/** A unit of a text, underlined and tinted by its probability. */
export function TokenSpan({
  unit,
  chosen,
  lit,
  entry,
  expanded,
}: {
  unit: Unit;
  chosen: boolean;
  lit: boolean;
  entry: boolean;
  expanded: boolean;
}) {
  const logprob = logprobOf(unit);
  const { rank } = unit.tokens[0] ?? {};
  const words = [
    visible(unit.text),
    ...(logprob === undefined ? ["given"] : [share(Math.exp(logprob))]),
    ...(rank === undefined || unit.tokens.length > 1 ? [] : [`rank ${rank}`]),
    ...(unit.tokens.length > 1 ? [`${unit.tokens.length} tokens`] : []),
  ];
  return (
    // biome-ignore lint/a11y/useSemanticElements: a button is a box, which does not break across lines as text does
    <span
      class={`token p${stepOf(logprob)}${unit.special ? " special" : ""}${chosen ? " chosen" : ""}${lit ? " lit" : ""}`}
      role="button"
      tabIndex={entry ? 0 : -1}
      data-unit={unit.start}
      aria-label={words.join(", ")}
      aria-expanded={expanded}
    >
      {pieces(unit.text)}
    </span>
  );
}

/** A text whose white space has marks of zero width, so that lines break as without them. */
const pieces = (text: string) =>
  text
    .split(/([ \n\t])/)
    .map((part) =>
      part === " " ? (
        <span class="space"> </span>
      ) : part === "\t" ? (
        <span class="tab">{part}</span>
      ) : part === "\n" ? (
        <span class="newline">{part}</span>
      ) : (
        part
      ),
    );
