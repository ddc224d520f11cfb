/** A compiler's message on one line, and where in the text it points to; both counted from 0. */
export interface PlacedMessage {
  readonly message: string;
  readonly row: number;
  readonly column: number;
}

/**
 * What a compiler's message says and where. naga, the compiler of wgpu, draws the lines of the whole text into its
 * message, and for what it finds after parsing gives the place of the function: the expression is in the drawing alone.
 */
export function placedMessage({ message, lineNum, linePos }: GPUCompilationMessage, code: string): PlacedMessage {
  const given = { row: lineNum - 1, column: linePos - 1 };
  const [said = "", drawing] = message.split(/^\s*┌─.*$/m);
  if (drawing === undefined) return { message, ...given };
  const notes = [...drawing.matchAll(/^ *= (?!note:)(.*)$/gm)].map(([, note]) => note);
  const what = said.trim().replace(/^Shader (?:'[^\n]*?' parsing|validation) error: /, "");
  return { message: [what, ...notes].join(": "), ...(lineNum > 0 ? (expressionIn(drawing, code) ?? given) : given) };
}

/** The place of the first marked piece of a drawing that is less than a function, if it marks functions at all. */
function expressionIn(drawing: string, code: string): { row: number; column: number } | undefined {
  if (!/\^ naga::ir::Function/.test(drawing)) return undefined;
  const lines = code.split("\n");
  let [row, shown] = [-1, ""];
  for (const line of drawing.split("\n")) {
    const [, number] = /^ *(\d+) │/.exec(line) ?? [];
    if (number !== undefined) [row, shown] = [Number(number) - 1, line];
    else if (/\^ naga::ir::(?!Function)/.test(line)) {
      const text = lines[row] ?? "";
      // A tab is drawn as several spaces, so that columns are counted from where the text begins.
      const begin = shown.lastIndexOf(text.trim());
      return { row, column: line.indexOf("^") - begin + text.length - text.trimStart().length };
    }
  }
  return undefined;
}
