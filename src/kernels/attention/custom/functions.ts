import { isWord, type Token } from "../../../gpu/tokens.ts";

/** A function in a user's text. */
export interface FunctionText {
  readonly name: string;
  readonly at: number;
  readonly parameters: readonly { readonly name: string; readonly type: string }[];
  /** Return type; empty for none. */
  readonly result: string;
  /** The tokens between its braces. */
  readonly body: readonly Token[];
}

/** Index of the bracket that closes the one at `open`. */
export function closing(tokens: readonly Token[], open: number): number {
  const [left, right] = { "(": ["(", ")"], "[": ["[", "]"], "{": ["{", "}"] }[tokens[open]?.text ?? ""] ?? ["", ""];
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    const text = tokens[i]?.text;
    if (text === left) depth++;
    if (text === right && --depth === 0) return i;
  }
  return tokens.length;
}

/** Items of a list of tokens, split at a sign outside brackets; `<` may be a bracket or a comparison. */
export function cutAt(tokens: readonly Token[], sign: string, brackets: "([{<" | "([{" = "([{"): Token[][] {
  const items: Token[][] = [[]];
  const closers = brackets === "([{" ? ")]}" : ")]}>";
  let depth = 0;
  for (const token of tokens) {
    if (brackets.includes(token.text)) depth++;
    if (closers.includes(token.text)) depth--;
    if (token.text === sign && depth <= 0) items.push([]);
    else items.at(-1)?.push(token);
  }
  return items;
}

/** The functions of a text whose brackets are balanced, by name. */
export function readFunctions(tokens: readonly Token[]): Map<string, FunctionText> {
  const functions = new Map<string, FunctionText>();
  for (let i = 0; i < tokens.length; i++) {
    const name = tokens[i + 1];
    if (tokens[i]?.text !== "fn" || !name || !isWord(name.text)) continue;
    const end = closing(tokens, i + 2);
    const start = tokens.findIndex(({ text }, j) => j > end && text === "{");
    if (start < 0) break;
    const parameters = cutAt(tokens.slice(i + 3, end), ",", "([{<").filter((item) => item.length > 0);
    const last = closing(tokens, start);
    functions.set(name.text, {
      name: name.text,
      at: name.at,
      parameters: parameters.map(([parameter, , ...type]) => ({ name: parameter?.text ?? "", type: written(type) })),
      result: written(tokens.slice(end + 2, start)),
      body: tokens.slice(start + 1, last),
    });
    i = last;
  }
  return functions;
}

/** Tokens as text without spaces. */
export const written = (tokens: readonly Token[]): string => tokens.map(({ text }) => text).join("");
