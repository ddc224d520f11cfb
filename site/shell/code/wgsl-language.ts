import type { Extension } from "@codemirror/state";
import { type TokenClass, tokenAt } from "./wgsl-tokens.ts";

/** CodeMirror's names for our tokenizer's classes. */
const names: Readonly<Partial<Record<TokenClass, string>>> = {
  keyword: "keyword",
  type: "typeName",
  attribute: "attributeName",
  builtin: "macroName",
  number: "number",
  comment: "comment",
};

/** WGSL in the colours of the site, for CodeMirror, whose modules are given because they are fetched late. */
export function wgslLanguage(
  language: typeof import("@codemirror/language"),
  { tags }: typeof import("@lezer/highlight"),
): Extension[] {
  const colours = language.HighlightStyle.define([
    { tag: tags.keyword, class: "wgsl-keyword" },
    { tag: tags.typeName, class: "wgsl-type" },
    { tag: tags.attributeName, class: "wgsl-attribute" },
    { tag: tags.macroName, class: "wgsl-builtin" },
    { tag: tags.number, class: "wgsl-number" },
    { tag: tags.comment, class: "wgsl-comment" },
  ]);
  const wgsl = language.StreamLanguage.define<{ inComment: boolean }>({
    startState: () => ({ inComment: false }),
    token: (stream, held) => {
      const line = stream.string;
      if (held.inComment) {
        const end = line.indexOf("*/", stream.pos);
        held.inComment = end < 0;
        stream.pos = end < 0 ? line.length : end + 2;
        return "comment";
      }
      const token = tokenAt(line, stream.pos);
      stream.pos += token.text.length;
      held.inComment = token.text.startsWith("/*") && !token.text.endsWith("*/");
      return names[token.kind] ?? null;
    },
  });
  return [wgsl, language.syntaxHighlighting(colours)];
}
