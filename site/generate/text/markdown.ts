import { signal } from "@preact/signals";
import type { Token } from "marked";

/** The longest text that is formatted, in characters: a longer one is shown as it is written. */
const mostCharacters = 50_000;

/** Signs without which a text has no formatting, so that nothing is fetched for it. */
const signs = /[*_`#>|[~-]|^\s*\d+[.)]\s/m;

type Lexer = (text: string) => Token[];

/** Reads Markdown once its package is here; undefined before, and where it could not be fetched. */
const lexer = signal<Lexer | undefined>(undefined);
let asked = false;

/**
 * How far into a text its blocks are closed, in characters: up to the last empty line that is not within a block of
 * code. What comes after may still change its meaning while the text grows.
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
 * Reads the Markdown of a text, of one that still grows its closed blocks alone. Undefined where it is to be shown as it
 * is written: where there is nothing but plain paragraphs, so that their white space stays, and for very long texts.
 */
export function readMarkdown(text: string, grows: boolean): Formatted | undefined {
  if (text.length > mostCharacters || !signs.test(text)) return undefined;
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
    () => undefined, // the text is there without it
  );
}

function isPlain(token: Token): boolean {
  if (token.type === "space" || token.type === "br" || token.type === "escape") return true;
  if (token.type !== "paragraph" && token.type !== "text") return false;
  return (token.tokens ?? []).every(isPlain);
}

/** The address of a link that a model wrote, where it is one that a page may open; undefined for scripts and the like. */
export function safeAddress(href: string): string | undefined {
  try {
    const { protocol } = new URL(href);
    return ["https:", "http:", "mailto:"].includes(protocol) ? href : undefined;
  } catch {
    return undefined;
  }
}
