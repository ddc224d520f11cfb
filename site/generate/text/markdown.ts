import { signal } from "@preact/signals";
import type { Token } from "marked";

/** The longest text that is formatted, in characters: longer ones are shown as written. */
const maxCharacters = 50_000;

/** Characters without which a text has no formatting, so that nothing is fetched for it. */
const signs = /[*_`#>|[~-]|^\s*\d+[.)]\s/m;

type Lexer = (text: string) => Token[];

/** Parses Markdown once its package is loaded; undefined before, and if it could not be fetched. */
const lexer = signal<Lexer | undefined>(undefined);
let asked = false;

/**
 * Length of a text's closed blocks, in characters: up to the last empty line outside a code block. The rest may still
 * change its meaning while the text grows.
 */
export function closedLength(text: string): number {
  let [end, at] = [0, 0];
  let fence: string | undefined;
  for (const line of text.split("\n")) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence === undefined) fence = mark;
    else if (mark?.startsWith(fence) && line.trim() === mark) fence = undefined;
    at += line.length + 1;
    if (fence === undefined && line.trim() === "" && at <= text.length) end = at;
  }
  return end;
}

/** The formatted blocks of a text and the rest of it, which is still open. */
export interface Formatted {
  readonly blocks: readonly Token[];
  readonly rest: string;
}

/**
 * Parses the Markdown of a text; of a growing one, only its closed blocks. Undefined if it is shown as written: plain
 * paragraphs, whose white space is kept, and very long texts.
 */
export function readMarkdown(text: string, grows: boolean): Formatted | undefined {
  if (text.length > maxCharacters || !signs.test(text)) return undefined;
  const read = lexer.value;
  if (!read) {
    fetchLexer();
    return undefined;
  }
  const end = grows ? closedLength(text) : text.length;
  const blocks = read(text.slice(0, end));
  return blocks.every(isPlain) ? undefined : { blocks, rest: text.slice(end) };
}

function fetchLexer(): void {
  if (asked) return;
  asked = true;
  const fetched = import("marked").then(({ lexer: read }) => (text: string) => [
    ...read(text, { gfm: true, breaks: true }),
  ]);
  fetched.then(
    (read) => {
      lexer.value = read;
    },
    () => undefined, // the text is shown without it
  );
}

function isPlain(token: Token): boolean {
  if (token.type === "space" || token.type === "br" || token.type === "escape") return true;
  if (token.type !== "paragraph" && token.type !== "text") return false;
  return (token.tokens ?? []).every(isPlain);
}

/** The address of a link in a model's text, if a page may open it; undefined for scripts and the like. */
export function safeAddress(href: string): string | undefined {
  try {
    const { protocol } = new URL(href);
    return ["https:", "http:", "mailto:"].includes(protocol) ? href : undefined;
  } catch {
    return undefined;
  }
}
