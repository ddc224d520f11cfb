import { commentsOf, withoutComments } from "./comments.ts";
import { WgslError } from "./error.ts";
import { markTemplateLists } from "./template-lists.ts";
import type { Token } from "./token.ts";

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
// `<`, `>` and `=` stay alone until it is known which of them are brackets of template lists.
const sign = String.raw`->|\+\+|--|&&|\|\||[-+*/%&|^<>=!~.,:;@(){}[\]]`;
const tokenPattern = new RegExp(
  String.raw`(?<blank>[ \t\n\v\f\r\u0085\u200e\u200f\u2028\u2029]+)|(?<word>${word})|` +
    `(?<number>${[...hexadecimal, ...decimal].join("|")})|(?<sign>${sign})`,
  "uy",
);

/** The tokens of a WGSL text, without comments, and one of kind `end`. Throws `WgslError` for what is no token. */
export function tokensOf(code: string): Token[] {
  const open = commentsOf(code).find(({ closed }) => !closed);
  if (open) throw new WgslError("a comment is not closed", open.at);
  const text = withoutComments(code);
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.length) {
    const at = tokenPattern.lastIndex;
    const found = tokenPattern.exec(text);
    if (!found) throw new WgslError(`${shown(text, at)} is not used in WGSL`, at);
    const { blank, word: name, number } = found.groups ?? {};
    if (blank !== undefined) continue;
    const kind = name !== undefined ? "word" : number !== undefined ? "number" : "sign";
    const [all] = found;
    if (kind === "word" && /^_(?:_|$)/.test(all) && all !== "_") {
      throw new WgslError(`${all} begins with two underscores, which WGSL keeps for itself`, at);
    }
    if (kind === "number" && (/^0\d/.test(all) || /[\p{XID_Continue}.]/u.test(text[at + all.length] ?? " "))) {
      const whole = /^[\p{XID_Continue}.]+/u.exec(text.slice(at))?.[0] ?? all;
      throw new WgslError(`${whole} is not a number`, at);
    }
    tokens.push({ kind, text: all, at, end: at + all.length });
  }
  return [...markTemplateLists(tokens), { kind: "end", text: "the end", at: code.length, end: code.length }];
}

const shown = (text: string, at: number) => {
  const point = text.codePointAt(at) ?? 0;
  return point > 32 && point < 127
    ? String.fromCodePoint(point)
    : `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
};
