import { TextError } from "../text-error.ts";

/** Whether a set of characters has a code point. */
export type CharacterSet = (code: number) => boolean;

/** A parsed regular expression. A group captures if something refers to it: `back` is its last match. */
export type PatternNode =
  | { readonly kind: "set"; readonly has: CharacterSet }
  | { readonly kind: "sequence" | "either"; readonly parts: readonly PatternNode[] }
  | { readonly kind: "repeat"; readonly body: PatternNode; readonly min: number; readonly max: number; lazy: boolean }
  | { readonly kind: "group"; readonly index: number; readonly body: PatternNode }
  | { readonly kind: "back"; readonly index: number }
  | { readonly kind: "look"; readonly body: PatternNode; readonly behind: boolean; readonly negative: boolean };

/** A pattern, and which of its groups it refers to. */
export interface ParsedPattern {
  readonly parsed: PatternNode;
  readonly referred: ReadonlySet<number>;
}

const deepest = 100;

/** One character of a pattern: an escape, a surrogate pair written as two escapes, a class, or itself. */
const atoms =
  /\\[pP]\{[^}]*\}|\\u\{[0-9a-fA-F]+\}|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\c[a-zA-Z]|\\[^1-9bBk]|\[(?:\\.|[^\]\\])*\]|[^\\()|*+?{}[\]^$]/suy;
const quantifiers = /([*+?]|\{(\d+)(,?)(\d*)\})(\??)/uy;
const openings = /\((?:\?(?:(:)|(<?[=!])|<([^>=!]+)>))?/uy;
const references = /\\(?:([1-9]\d*)|k<([^>]+)>)/uy;

/** What a pattern's character matches, by the platform's engine: a test of one code point costs nothing. */
function setOf(source: string): CharacterSet {
  const expression = new RegExp(`^${source}$`, "u");
  const known = new Map<number, boolean>();
  const ascii = new Int8Array(128);
  const test = (code: number) => expression.test(String.fromCodePoint(code));
  return (code) => {
    if (code < 128) {
      if (ascii[code] === 0) ascii[code] = test(code) ? 1 : -1;
      return ascii[code] === 1;
    }
    let has = known.get(code);
    if (has === undefined) {
      has = test(code);
      known.set(code, has);
    }
    return has;
  };
}

/**
 * Parses a JavaScript regular expression with the flag `u` that the platform has accepted. Not supported are word
 * boundaries, anchors and inline flags, which the tokenizer library expresses in other ways, and references to groups
 * within a lookaround, or from a lookbehind. Throws a TextError that names `field`.
 */
export function parsePattern(source: string, field: string): ParsedPattern {
  let at = 0;
  const sets = new Map<string, CharacterSet>();
  const names = new Map<string, number>();
  const referred: (number | string)[] = [];
  const looked = new Set<number>();
  let groups = 0;
  let looks = 0;
  let behind = 0;

  function unsupported(): never {
    throw new TextError(`${field}: ${JSON.stringify(source.slice(at, at + 12))} in a pattern is not supported`);
  }

  function read(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = at;
    const found = expression.exec(source) ?? undefined;
    if (found) at = expression.lastIndex;
    return found;
  }

  function alternatives(depth: number): PatternNode {
    if (depth > deepest) throw new TextError(`${field}: groups of a pattern are nested more than ${deepest} deep`);
    const parts = [sequence(depth)];
    while (source[at] === "|") {
      at++;
      parts.push(sequence(depth));
    }
    return parts.length === 1 && parts[0] ? parts[0] : { kind: "either", parts };
  }

  function sequence(depth: number): PatternNode {
    const parts: PatternNode[] = [];
    while (at < source.length && source[at] !== "|" && source[at] !== ")") parts.push(repeated(term(depth)));
    return parts.length === 1 && parts[0] ? parts[0] : { kind: "sequence", parts };
  }

  function term(depth: number): PatternNode {
    if (source[at] === "(") return group(depth);
    const [, number, name] = read(references) ?? [];
    if (number !== undefined || name !== undefined)
      return reference(number === undefined ? (name ?? "") : Number(number));
    const [atom] = read(atoms) ?? unsupported();
    const has = sets.get(atom) ?? setOf(atom);
    sets.set(atom, has);
    return { kind: "set", has };
  }

  function group(depth: number): PatternNode {
    const [opening, plain, look, name] = read(openings) ?? unsupported();
    if (opening === "(" && source[at] === "?") unsupported();
    const captures = plain === undefined && look === undefined;
    const index = captures ? ++groups : 0;
    if (name !== undefined) names.set(name, index);
    if (captures && looks > 0) looked.add(index);
    const isBehind = look?.startsWith("<") === true;
    looks += Number(look !== undefined);
    behind += Number(isBehind);
    const body = alternatives(depth + 1);
    looks -= Number(look !== undefined);
    behind -= Number(isBehind);
    at++; // the platform has checked that it closes
    if (look !== undefined) return { kind: "look", body, behind: isBehind, negative: look.endsWith("!") };
    return captures ? { kind: "group", index, body } : body;
  }

  /** A reference by number or name; a named group may come later. */
  function reference(to: number | string): PatternNode {
    if (behind > 0) throw new TextError(`${field}: a reference within a lookbehind is not supported`);
    referred.push(to);
    return {
      kind: "back",
      get index() {
        return typeof to === "number" ? to : (names.get(to) ?? 0);
      },
    };
  }

  function repeated(body: PatternNode): PatternNode {
    const found = read(quantifiers);
    if (!found) return body;
    const [, sign, least, comma, most, lazy] = found;
    const min = least === undefined ? (sign === "+" ? 1 : 0) : Number(least);
    const open = least === undefined ? sign !== "?" : comma === "," && most === "";
    const max = open ? Number.POSITIVE_INFINITY : least === undefined ? 1 : Number(comma === "," ? most : least);
    return { kind: "repeat", body, min, max, lazy: lazy === "?" };
  }

  const parsed = alternatives(0);
  if (at < source.length) unsupported();
  const indices = new Set(referred.map((to) => (typeof to === "number" ? to : (names.get(to) ?? 0))));
  if ([...indices].some((index) => looked.has(index))) {
    throw new TextError(`${field}: a reference to a group within a lookaround is not supported`);
  }
  return { parsed, referred: indices };
}
