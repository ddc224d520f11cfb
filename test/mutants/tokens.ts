// Single-token mistakes in a WGSL file, and barriers left out.
import { withoutComments } from "../../src/wgsl/comments.ts";
import type { Mutant } from "./mutant.ts";
import { squeeze } from "./mutant.ts";

interface Swap {
  readonly pattern: RegExp;
  readonly to: (match: RegExpMatchArray) => string;
}

const fixed = (pattern: RegExp, to: string): Swap => ({ pattern, to: () => to });
const number = ([text]: RegExpMatchArray, change: number) =>
  text.replace(/^\d+/, (digits) => `${Number(digits) + change}`);

/** Operators stand between spaces (the house's format), which tells them from template brackets and signs. */
const swaps: readonly Swap[] = [
  fixed(/(?<= )<(?= )/g, "<="),
  fixed(/(?<= )<=(?= )/g, "<"),
  fixed(/(?<= )>(?= )/g, ">="),
  fixed(/(?<= )>=(?= )/g, ">"),
  fixed(/(?<= )==(?= )/g, "!="),
  fixed(/(?<= )!=(?= )/g, "=="),
  fixed(/(?<= )\+(?= )/g, "-"),
  fixed(/(?<= )-(?= )/g, "+"),
  fixed(/(?<= )\*(?= )/g, "/"),
  fixed(/(?<= )\/(?= )/g, "*"),
  fixed(/(?<= )%(?= )/g, "/"),
  fixed(/(?<= )\+=(?= )/g, "-="),
  fixed(/(?<= )&&(?= )/g, "||"),
  fixed(/(?<= )\|\|(?= )/g, "&&"),
  fixed(/(?<= )>>(?= )/g, "<<"),
  fixed(/(?<= )\^(?= )/g, "|"),
  fixed(/\bmin(?=\()/g, "max"),
  fixed(/\bmax(?=\()/g, "min"),
  { pattern: /(?<![\w.])\d+u?(?![\w.])/g, to: (match) => number(match, 1) },
  { pattern: /(?<![\w.])[1-9]\d*u?(?![\w.])/g, to: (match) => number(match, -1) },
  // Indices: another component of a vector, the other of two loops.
  { pattern: /\.(x|y|z|w)\b/g, to: ([, c = ""]) => `.${{ x: "y", y: "x", z: "y", w: "z" }[c] ?? c}` },
  { pattern: /\.[xyzw]\b/g, to: () => ".z" },
  { pattern: /(?<=[[ ,(+*])(row|col|column|i|j|c|r|n|key|head|group|thread|lane|b|h|t)(?=[\],) ])/g, to: swapped },
];

function swapped([name = ""]: RegExpMatchArray): string {
  const other: Readonly<Record<string, string>> = {
    row: "col",
    col: "row",
    column: "row",
    i: "j",
    j: "i",
    c: "r",
    r: "c",
    n: "r",
    key: "row",
    head: "group",
    group: "head",
    thread: "lane",
    lane: "thread",
    b: "h",
    h: "b",
    t: "h",
  };
  return other[name] ?? name;
}

/** Lines that declare: constants may be set anew by whoever uses the file, bindings and structs are the interface. */
const declares =
  /^(const|alias|struct|enable|requires|override|const_assert|@|var<|fn|\}|\s*(@builtin|\w+: [\w<>]+,?\s*)$)|^\s*$/;

const hash = (text: string): number => {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
};

function mutant(file: string, lines: readonly string[], line: number, to: string, kind: Mutant["kind"]): Mutant {
  const from = lines[line] ?? "";
  const same = lines.slice(0, line).filter((other) => squeeze(other) === squeeze(from)).length; // tells equal lines apart
  const place = same > 0 ? ` (${same + 1})` : "";
  return {
    id: `${file}: ${squeeze(from)}${place} → ${squeeze(to)}`,
    kind,
    file,
    edits: [{ line: line + 1, from, to }],
    why: kind === "barrier" ? "a barrier is missing" : to.trim() === "" ? "a line is missing" : "a token is wrong",
  };
}

/**
 * All single-token mutants of a file in a random order that `seed` and the text of each line decide, so that a change
 * elsewhere in the file leaves the choice as it was. Some do not compile.
 */
export function tokenMutants(file: string, text: string, seed: number): Mutant[] {
  const lines = text.split("\n");
  const code = withoutComments(text).split("\n");
  const found = new Map<string, Mutant>();
  const words = new Set([...(code.join("\n").match(/\b[a-z]\w*/g) ?? []), "min", "max"]);
  code.forEach((content, line) => {
    if (declares.test(content) && !/^fn .*\{ return/.test(content)) return;
    const put = (from: number, length: number, token: string) => {
      if (/^[a-z]/.test(token) && !words.has(token)) return; // there is no such variable
      const whole = lines[line] ?? "";
      const to = whole.slice(0, from) + token + whole.slice(from + length);
      const made = mutant(file, lines, line, to, "token");
      if (to !== whole) found.set(made.id, made);
    };
    for (const { pattern, to } of swaps) {
      for (const match of content.matchAll(pattern)) put(match.index, match[0].length, to(match));
    }
    if (/^\s+[^{}]*;\s*$/.test(content) && !/^\s*(let|var|return)\b|workgroupBarrier/.test(content)) {
      put(0, content.trimEnd().length, "");
    }
  });
  return [...found.values()].sort((p, q) => hash(`${seed} ${p.id}`) - hash(`${seed} ${q.id}`));
}

/** For every barrier of a file, the file without it. */
export function barrierMutants(file: string, text: string): Mutant[] {
  const lines = text.split("\n");
  return withoutComments(text)
    .split("\n")
    .flatMap((content, line) => {
      const to = content.replace(/\b(workgroup|storage)Barrier\(\);/, "");
      return to === content ? [] : [mutant(file, lines, line, to, "barrier")];
    });
}
