/** How many lines at the top of a text are fixed: what it computes, its constants and its bindings. The rest may change. */
export const fixedLines = (text: string): number =>
  text.split("\n").reduce((last, line, i) => (line.startsWith("@group") ? i + 1 : last), 0);
