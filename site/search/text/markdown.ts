/** The prose of a Markdown text, without code, tables, comments and marks; of links and pictures only the words. */
export const proseOf = (markdown: string): string =>
  markdown
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/^ {0,3}(```|~~~)[\s\S]*?^ {0,3}\1\s*$/gm, "\n")
    .replace(/^\s*<\/?[a-z][^>]*>\s*$/gim, "")
    .replace(/^\s*\|.*$/gm, "")
    .replace(/^ {0,3}(#{1,6})\s+(.*?)\s*#*$/gm, "\n$2\n")
    .replace(/^\s*(?:[-*+]|\d+\.)\s+/gm, "\n")
    .replace(/^\s*>\s?/gm, "")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/(\*\*|__)(.+?)\1/g, "$2")
    .replace(/`([^`]*)`/g, "$1");
