/** A comment, from its first character to the one after its last. */
interface Comment {
  readonly at: number;
  readonly end: number;
  /** False for a block comment that is still open where the text ends. */
  readonly closed: boolean;
}

/** A line break in WGSL; it also ends a line comment. */
const lineBreak = /[\n\v\f\r\u0085\u2028\u2029]/g;

/** The comments of a text in order. Block comments nest. */
export function commentsOf(code: string): Comment[] {
  const comments: Comment[] = [];
  const start = /\/[/*]/g;
  for (let found = start.exec(code); found; found = start.exec(code)) {
    const at = found.index;
    let [end, closed] = [code.length, true];
    if (found[0] === "//") {
      lineBreak.lastIndex = at;
      end = lineBreak.exec(code)?.index ?? code.length;
    } else {
      const mark = /\/\*|\*\//g;
      let depth = 0;
      mark.lastIndex = at;
      do {
        const next = mark.exec(code);
        closed = next !== null;
        depth += next?.[0] === "/*" ? 1 : -1;
        end = closed ? mark.lastIndex : code.length;
      } while (closed && depth > 0);
    }
    comments.push({ at, end, closed });
    start.lastIndex = end;
  }
  return comments;
}

/** WGSL with each comment replaced by spaces, so that lines and columns stay the same. */
export function withoutComments(code: string, comments: readonly Comment[] = commentsOf(code)): string {
  let out = "";
  let from = 0;
  for (const { at, end } of comments) {
    const isOfOneLine = code[at + 1] === "/";
    const spaces = isOfOneLine
      ? " ".repeat(end - at)
      : code.slice(at, end).replace(/[^\n\v\f\r\u0085\u2028\u2029]/g, " ");
    out += code.slice(from, at) + spaces;
    from = end;
  }
  return out + code.slice(from);
}
