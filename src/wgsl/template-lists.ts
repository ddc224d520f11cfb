import type { Token } from "./token.ts";

/** Signs of which the tokenizer has split the characters, the longest first. */
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
    const last = tokens[i + length - 1] as Token;
    const text = tokens.slice(i, i + length).map((one) => one.text);
    out.push({ ...token, text: text.join(""), end: last.end });
    i += length - 1;
  }
  return out;
}

/** How many tokens from `i` on, which follow each other without a space, are one sign. */
function joinedLength(tokens: readonly Token[], i: number, brackets: ReadonlySet<number>): number {
  let text = "";
  let most = 1;
  for (let j = i; j < i + 3 && j < tokens.length && !brackets.has(j); j++) {
    const token = tokens[j] as Token;
    if (j > i && tokens[j - 1]?.end !== token.at) break;
    text += token.text;
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
