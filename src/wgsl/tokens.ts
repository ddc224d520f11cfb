import { commentsOf, withoutComments } from "./comments.ts";
import { WgslError } from "./error.ts";

const word = String.raw`(?:[\p{XID_Start}_])\p{XID_Continue}*`;
const decimal = [
  String.raw`\d*\.\d+(?:[eE][+-]?\d+)?[fh]?`,
  String.raw`\d+\.\d*(?:[eE][+-]?\d+)?[fh]?`,
  String.raw`\d+[eE][+-]?\d+[fh]?`,
  String.raw`\d+[fhiu]?`,
];
const hexadecimal = [
  String.raw`0[xX][\da-fA-F]*\.[\da-fA-F]+(?:[pP][+-]?\d+[fh]?)?`,
  String.raw`0[xX][\da-fA-F]+\.[\da-fA-F]*(?:[pP][+-]?\d+[fh]?)?`,
  String.raw`0[xX][\da-fA-F]+[pP][+-]?\d+[fh]?`,
  String.raw`0[xX][\da-fA-F]+[iu]?`,
];
// `<`, `>` and `=` are single tokens until it is known which of them are brackets of template lists.
const sign = String.raw`->|\+\+|--|&&|\|\||[-+*/%&|^<>=!~.,:;@(){}[\]]`;
const blanks = /[ \t\n\v\f\r\u0085\u200e\u200f\u2028\u2029]*/uy;
const patterns = [
  ["word", new RegExp(word, "uy")],
  ["number", new RegExp([...hexadecimal, ...decimal].join("|"), "uy")],
  ["sign", new RegExp(sign, "uy")],
] as const;

/** Where a pattern that matches from a character on ends; 0 for one that does not match. */
function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  pattern.test(text);
  return pattern.lastIndex;
}

/** The tokens of a WGSL text, without comments, and one of kind `end`. Throws `WgslError` for anything else. */
export function tokensOf(code: string): Token[] {
  const comments = commentsOf(code);
  const open = comments.find(({ closed }) => !closed);
  if (open) throw new WgslError("a comment is not closed", open.at);
  const text = withoutComments(code, comments);
  const tokens: Token[] = [];
  for (let at = endOf(blanks, text, 0); at < text.length; ) {
    let kind: Token["kind"] | undefined;
    let end = 0;
    for (const [name, pattern] of patterns) {
      end = endOf(pattern, text, at);
      if (end === 0) continue;
      kind = name;
      break;
    }
    if (!kind) throw new WgslError(`${shown(text, at)} is not used in WGSL`, at);
    const all = text.slice(at, end);
    if (kind === "word" && all.startsWith("__")) {
      throw new WgslError(`${all} begins with two underscores, which WGSL reserves`, at);
    }
    if (kind === "number" && (/^0\d/.test(all) || /[\p{XID_Continue}.]/u.test(text[end] ?? " "))) {
      const whole = /^[\p{XID_Continue}.]+/u.exec(text.slice(at))?.[0] ?? all;
      throw new WgslError(`${whole} is not a number`, at);
    }
    tokens.push({ kind, text: all, at, end });
    at = endOf(blanks, text, end);
  }
  return [...markTemplateLists(tokens), { kind: "end", text: "the end", at: code.length, end: code.length }];
}

const shown = (text: string, at: number) => {
  const point = text.codePointAt(at) ?? 0;
  return point > 32 && point < 127
    ? String.fromCodePoint(point)
    : `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
};

const pairs: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** Throws `WgslError` at a bracket that closes nothing, or is not closed. */
export function checkBrackets(tokens: readonly Token[]): void {
  const open: Token[] = [];
  for (const token of tokens) {
    if (token.kind !== "sign") continue;
    if ("([{".includes(token.text)) open.push(token);
    const opens = pairs[token.text];
    if (opens === undefined) continue;
    const last = open.pop();
    if (!last) throw new WgslError(`${token.text} closes nothing`, token.at);
    if (last.text !== opens) throw new WgslError(`${token.text} closes nothing, as ${last.text} is open`, token.at);
  }
  const left = open.at(-1);
  if (left) throw new WgslError(`${left.text} is not closed`, left.at);
}

/** Signs whose characters the tokenizer has split, the longest first. */
const joined = ["<<=", ">>=", "<<", ">>", "<=", ">=", "==", "!=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="];

/**
 * Finds template lists before anything is parsed, as WGSL does ("Template Lists", section 3.9): `a < b || c > d` has
 * none, `array<vec4<f32>>` two. Their brackets become tokens of kind `template`; signs of several characters that the
 * tokenizer has split are joined.
 */
export function markTemplateLists(tokens: readonly Token[]): Token[] {
  const brackets = bracketsOf(tokens);
  const out: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (brackets.has(i)) {
      out.push({ ...token, kind: "template" });
      continue;
    }
    const length = token.kind === "sign" ? joinedLength(tokens, i, brackets) : 1;
    if (length === 1) {
      out.push(token);
      continue;
    }
    const { end } = tokens[i + length - 1] as Token;
    const text = tokens.slice(i, i + length).map((one) => one.text);
    out.push({ kind: "sign", text: text.join(""), at: token.at, end });
    i += length - 1;
  }
  return out;
}

/** The number of tokens from `i` on that follow each other without a space and form one sign. */
function joinedLength(tokens: readonly Token[], i: number, brackets: ReadonlySet<number>): number {
  let { text, end } = tokens[i] as Token;
  let most = 1;
  for (let j = i + 1; j < i + 3 && j < tokens.length && !brackets.has(j); j++) {
    const next = tokens[j] as Token;
    if (end !== next.at || !"<>=".includes(next.text)) break;
    text += next.text;
    end = next.end;
    if (joined.includes(text)) most = j - i + 1;
  }
  return most;
}

/** Indices of the tokens that are brackets of template lists. */
function bracketsOf(tokens: readonly Token[]): Set<number> {
  const brackets = new Set<number>();
  let candidates: { readonly index: number; readonly depth: number }[] = []; // the deepest last
  let depth = 0;
  const follows = (i: number, text: string) =>
    tokens[i + 1]?.text === text && tokens[i + 1]?.at === tokens[i]?.end && tokens[i + 1]?.kind === "sign";
  const dropFrom = (least: number) => {
    while ((candidates.at(-1)?.depth ?? -1) >= least) candidates.pop();
  };
  for (let i = 0; i < tokens.length; i++) {
    const { kind, text } = tokens[i] as Token;
    if (kind !== "sign") continue;
    if (text === "<") {
      if (follows(i, "<") || follows(i, "=")) i++;
      else if (tokens[i - 1]?.kind === "word") candidates.push({ index: i, depth });
    } else if (text === ">") {
      const open = candidates.at(-1);
      if (open?.depth === depth) {
        brackets.add(open.index).add(i);
        candidates.pop();
      } else if (follows(i, "=")) i++;
    } else if (text === "!" || text === "=") {
      if (follows(i, "=")) i++;
      else if (text === "=") [depth, candidates] = [0, []];
    } else if (text === "(" || text === "[") {
      depth++;
    } else if (text === ")" || text === "]") {
      dropFrom(depth);
      depth = Math.max(0, depth - 1);
    } else if (text === ";" || text === "{" || text === ":") {
      [depth, candidates] = [0, []];
    } else if (text === "&&" || text === "||") dropFrom(depth);
  }
  return brackets;
}

/** A word, number or sign of a WGSL text. */
export interface Token {
  /** `template` is `<` or `>` as a bracket of a template list; `end` comes after the last token. */
  readonly kind: "word" | "number" | "sign" | "template" | "end";
  readonly text: string;
  /** Where it begins and ends, in characters from the start of the text. */
  readonly at: number;
  readonly end: number;
}
