import { type WgslToken, wgslTokens } from "../../shell/code/wgsl-tokens.ts";

/** The tokens of each line of a text; what goes over several lines is cut at their ends. */
export function tokensByLine(text: string): WgslToken[][] {
  const lines: WgslToken[][] = [[]];
  for (const { text: all, kind } of wgslTokens(text)) {
    for (const [i, part] of all.split("\n").entries()) {
      if (i > 0) lines.push([]);
      if (part !== "") lines.at(-1)?.push({ text: part, kind });
    }
  }
  return lines;
}

/** What a kernel's file says of itself above its code: comments at its top, without the list of its parts. */
export function headOf(text: string): { readonly formula: string; readonly about: string } {
  const comments: string[] = [];
  for (const line of text.split("\n")) {
    const [, comment] = /^\/\/ ?(.*)$/.exec(line) ?? [];
    if (comment === undefined) break;
    if (!comment.startsWith("with:")) comments.push(comment);
  }
  const end = comments.indexOf("");
  const first = end < 0 ? comments.length : end;
  return { formula: comments.slice(0, first).join(" "), about: paragraphs(comments.slice(first)) };
}

/** Lines as paragraphs, which empty ones separate. */
const paragraphs = (lines: readonly string[]): string =>
  lines
    .map((line) => (line === "" ? "\n" : `${line} `))
    .join("")
    .trim();

/** Names that a text declares, and words of WGSL, for completion. */
export function namesIn(text: string): string[] {
  const names = new Set<string>();
  for (const { text: word, kind } of wgslTokens(text)) {
    if (kind === "name" || kind === "builtin" || kind === "type" || kind === "keyword") names.add(word);
  }
  return [...names].sort();
}
