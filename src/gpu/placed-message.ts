/** A compiler's message on one line, and the line and column that it points to, both counted from 0. */
export interface PlacedMessage {
  readonly message: string;
  readonly row: number;
  readonly column: number;
}

/**
 * A compiler's message and its position. naga, the compiler of wgpu, quotes the marked source lines in its message. For
 * errors found after parsing it reports the position of the function: only the quoted lines mark the expression.
 */
export function placedMessage({ message, lineNum, linePos }: GPUCompilationMessage, code: string): PlacedMessage {
  const given = { row: lineNum - 1, column: linePos - 1 };
  const [said = "", drawing] = message.split(/^\s*┌─.*$/m);
  if (drawing === undefined) return { message, ...given };
  const notes = [...drawing.matchAll(/^ *= (?!note:)(.*)$/gm)].map(([, note]) => note);
  const what = said.trim().replace(/^Shader (?:'[^\n]*?' parsing|validation) error: /, "");
  return { message: [what, ...notes].join(": "), ...(lineNum > 0 ? (expressionIn(drawing, code) ?? given) : given) };
}

/** The position of the first marked span that is smaller than a function, if any. */
function expressionIn(drawing: string, code: string): { row: number; column: number } | undefined {
  if (!/\^ naga::ir::Function/.test(drawing)) return undefined;
  const lines = code.split("\n");
  let [row, shown] = [-1, ""];
  for (const line of drawing.split("\n")) {
    const [, number] = /^ *(\d+) │/.exec(line) ?? [];
    if (number !== undefined) [row, shown] = [Number(number) - 1, line];
    else if (/\^ naga::ir::(?!Function)/.test(line)) {
      const text = lines[row] ?? "";
      // A tab is printed as several spaces, so columns are counted from the first character of the text.
      const begin = shown.lastIndexOf(text.trim());
      return { row, column: line.indexOf("^") - begin + text.length - text.trimStart().length };
    }
  }
  return undefined;
}
