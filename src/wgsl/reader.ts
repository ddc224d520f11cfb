import { WgslError } from "./error.ts";
import type { Token } from "./token.ts";
import type { Expression, Label } from "./tree.ts";
import { keywords, reserved } from "./words.ts";

/** Maximum depth of blocks and expressions: a deeper text could exhaust the stack of what reads it. */
const mostNested = 120;

/** A place in a list of tokens. */
export interface Reader {
  /** The next token, or one after it. */
  readonly peek: (ahead?: number) => Token;
  readonly take: () => Token;
  /** Takes the next token if it is this word or sign. */
  readonly accept: (text: string) => Token | undefined;
  /** Takes the next token, which has to be this word or sign. */
  readonly expect: (text: string) => Token;
  /** Takes a bracket of a template list. */
  readonly acceptTemplate: (text: "<" | ">") => Token | undefined;
  /** Takes a name. */
  readonly label: (what: string) => Label;
  /** End of the last token taken. */
  readonly end: () => number;
  readonly fail: (expected: string) => WgslError;
  /** Reads something one level deeper. */
  readonly nested: <T>(read: () => T) => T;
  /** How deep the trees of the expressions read are. */
  readonly depths: WeakMap<Expression, number>;
}

/** A reader at the first of the tokens. */
export function readerOf(tokens: readonly Token[]): Reader {
  let at = 0;
  let depth = 0;
  const peek = (ahead = 0) => tokens[Math.min(at + ahead, tokens.length - 1)] as Token;
  const take = () => {
    const token = peek();
    if (at < tokens.length - 1) at++;
    return token;
  };
  const fail = (expected: string) => new WgslError(`${peek().text} stands where ${expected} is expected`, peek().at);
  const is = ({ kind, text }: Token, expected: string) => text === expected && (kind === "word" || kind === "sign");
  const accept = (text: string) => (is(peek(), text) ? take() : undefined);
  return {
    peek,
    take,
    accept,
    expect: (text) => {
      const token = accept(text);
      if (!token) throw fail(text);
      return token;
    },
    acceptTemplate: (text) => (peek().kind === "template" && peek().text === text ? take() : undefined),
    label: (what) => {
      const { kind, text, at: begin, end } = peek();
      if (kind !== "word" || text === "_" || keywords.has(text)) throw fail(what);
      if (reserved.has(text)) throw new WgslError(`${text} is a word that WGSL keeps for itself`, begin);
      take();
      return { name: text, at: begin, end };
    },
    end: () => tokens[at - 1]?.end ?? 0,
    fail,
    depths: new WeakMap(),
    nested: (read) => {
      if (++depth > mostNested) throw new WgslError(`more than ${mostNested} levels, one within the other`, peek().at);
      const result = read();
      depth--;
      return result;
    },
  };
}
