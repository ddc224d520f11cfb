import { visible } from "../text/token-text.ts";

/** Source tokens that are shown for each where there are too many for a table. */
const strongest = 3;
/** Characters of a weight such as 0.25, with the space before it. */
const numberColumns = 5;

const widthOf = (text: string) => [...text].length;
const atRight = (text: string, columns: number) => `${" ".repeat(Math.max(0, columns - widthOf(text)))}${text}`;

/**
 * Formats weights for people: a row for each token that was written, a column for each of the source's, and the
 * largest of a row marked with `*`; or the strongest of each where the table would be wider than `columns`.
 */
export function alignmentTable(
  source: readonly string[],
  target: readonly string[],
  weights: readonly ArrayLike<number>[],
  columns: number,
): string {
  const [heads, rows] = [source.map(visible), target.map(visible)];
  const first = Math.max(0, ...rows.map(widthOf));
  const widths = heads.map((head) => Math.max(numberColumns, widthOf(head)));
  if (first + widths.reduce((sum, width) => sum + width + 1, 0) <= columns) {
    const line = (name: string, cells: readonly string[]) =>
      [atRight(name, first), ...cells.map((cell, i) => atRight(cell, widths[i] ?? 0))].join(" ").trimEnd();
    const lines = rows.map((row, t) => {
      const numbers = Array.from(heads, (_, s) => weights[t]?.[s] ?? 0);
      const most = Math.max(...numbers);
      return line(
        row,
        numbers.map((weight) => `${weight === most ? "*" : ""}${weight.toFixed(2)}`),
      );
    });
    return `${[line("", heads), ...lines].join("\n")}\n`;
  }
  const lines = rows.map((row, t) => {
    const best = heads
      .map((head, s) => ({ head, s, weight: weights[t]?.[s] ?? 0 }))
      .toSorted((a, b) => b.weight - a.weight)
      .slice(0, strongest)
      .map(({ head, s, weight }) => `${weight.toFixed(2)} ${head} [${s}]`);
    return `${atRight(row, first)}  ${best.join("  ")}`;
  });
  return `${lines.join("\n")}\n`;
}
