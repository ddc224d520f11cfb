/** Nearest texts that are shown for each where there are too many for a table. */
const nearest = 3;
/** Columns of a number in the table, and of a text beside it at least. */
const [numberColumns, textColumns] = [7, 16];

/** A text on one line of at most so many characters. */
function shortLine(text: string, columns: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  const characters = [...line];
  return characters.length <= columns ? line : `${characters.slice(0, Math.max(1, columns - 1)).join("")}…`;
}

/** The cosine of the angle between two vectors; 0 where one has no length. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let [product, aa, bb] = [0, 0, 0];
  for (const [i, x] of a.entries()) {
    const y = b[i] ?? 0;
    product += x * y;
    aa += x * x;
    bb += y * y;
  }
  return product === 0 ? 0 : product / Math.sqrt(aa * bb);
}

/**
 * Formats how near texts are to one another, for people: a table of cosines, or the nearest of each where the table would
 * be wider than `columns`.
 */
export function cosineTable(texts: readonly string[], vectors: readonly Float32Array[], columns: number): string {
  const number = (value: number) => value.toFixed(3).padStart(numberColumns);
  const own = (i: number) => vectors[i] ?? new Float32Array();
  const digits = String(texts.length).length;
  if (texts.length * numberColumns + digits + 2 + textColumns <= columns) {
    const room = columns - texts.length * numberColumns - digits - 2;
    const head = texts.map((_, i) => String(i + 1).padStart(numberColumns)).join("");
    const rows = texts.map((text, i) => {
      const cosines = texts.map((_, j) => number(cosine(own(i), own(j)))).join("");
      return `${String(i + 1).padStart(digits)}${cosines}  ${shortLine(text, room)}`;
    });
    return `${" ".repeat(digits)}${head}\n${rows.join("\n")}\n`;
  }
  const lines = texts.map((text, i) => {
    const others = texts
      .flatMap((other, j) => (j === i ? [] : [{ other, value: cosine(own(i), own(j)) }]))
      .toSorted((a, b) => b.value - a.value)
      .slice(0, nearest)
      .map(({ other, value }) => `${number(value)}  ${shortLine(other, columns - numberColumns - 2)}`);
    return [shortLine(text, columns), ...others].join("\n");
  });
  return `${lines.join("\n")}\n`;
}
