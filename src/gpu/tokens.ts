import { withoutComments } from "./read-declarations.ts";

/** A word, number or sign of a WGSL text. */
export interface Token {
  readonly text: string;
  /** Where it begins, in characters from the start of the text. */
  readonly at: number;
}

const tokenPattern =
  /0[xX][\da-fA-F]*\.?[\da-fA-F]*(?:[pP][+-]?\d+)?[iufh]?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[iufh]?|[\p{XID_Start}_]\p{XID_Continue}*|->|\+\+|--|&&|\|\||<<=|>>=|[+\-*/%&|^<>=!]=|\S/gu;

/** True for words: keywords, types, names. */
export const isWord = (token: string | undefined): boolean => token !== undefined && /^[\p{XID_Start}_]/u.test(token);

/**
 * The tokens of a WGSL text in order, comments left out. `<` and `>` are separate tokens, so that template lists nest.
 */
export function tokensOf(code: string): Token[] {
  return Array.from(withoutComments(code).matchAll(tokenPattern), ({ 0: text, index }) => ({ text, at: index }));
}

/** What a WGSL text declares at module scope. */
export interface ModuleName {
  readonly name: string;
  readonly kind: "fn" | "struct" | "alias" | "const" | "override" | "var";
  /** Where the name begins. */
  readonly at: number;
}

/** The names that a WGSL text declares at module scope, in order. */
export function moduleNames(code: string): ModuleName[] {
  const tokens = tokensOf(code);
  const names: ModuleName[] = [];
  let depth = 0;
  for (let i = 0; i < tokens.length; i++) {
    const text = tokens[i]?.text ?? "";
    if (text === "{") depth++;
    if (text === "}") depth--;
    if (depth > 0 || !/^(?:fn|struct|alias|const|override|var)$/.test(text)) continue;
    let next = i + 1;
    if (text === "var" && tokens[next]?.text === "<") {
      while (next < tokens.length && tokens[next]?.text !== ">") next++;
      next++;
    }
    const name = tokens[next];
    if (name && isWord(name.text)) names.push({ name: name.text, kind: text as ModuleName["kind"], at: name.at });
  }
  return names;
}

/**
 * The text with each of `names` prefixed wherever it is used, by default those that it declares at module scope, so
 * that independent texts can be joined. Members, comments, lines and names from elsewhere stay the same.
 */
export function prefixNames(
  code: string,
  prefix: string,
  names: ReadonlySet<string> = new Set(moduleNames(code).map(({ name }) => name)),
): string {
  const tokens = tokensOf(code);
  let out = "";
  let end = 0;
  let structDepth = 0; // 1 inside a struct's body
  for (let i = 0; i < tokens.length; i++) {
    const { text, at } = tokens[i] ?? { text: "", at: 0 };
    if (text === "{" && tokens[i - 2]?.text === "struct") structDepth = 1;
    if (text === "}") structDepth = 0;
    const before = tokens[i - 1]?.text;
    const isMember = before === "." || before === "@" || (structDepth === 1 && tokens[i + 1]?.text === ":");
    if (!names.has(text) || isMember) continue;
    out += code.slice(end, at) + prefix + text;
    end = at + text.length;
  }
  return out + code.slice(end);
}

/**
 * The text with its resources at bindings `first`, `first + 1`, … in the order in which they are declared; `next` is the
 * first binding that is still free.
 */
export function renumberBindings(code: string, first: number): { readonly code: string; readonly next: number } {
  let out = "";
  let end = 0;
  let next = first;
  for (const { 0: all, index } of withoutComments(code).matchAll(/(?<=@binding\s*\(\s*)\w+/g)) {
    out += code.slice(end, index) + String(next++);
    end = index + all.length;
  }
  return { code: out + code.slice(end), next };
}
