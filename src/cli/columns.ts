/** A column of a table: its title, its cells, and whether they stand at the right of it. */
export interface Column {
  readonly title: string;
  readonly cells: readonly string[];
  readonly right?: boolean;
}

/** Columns of text side by side under their titles, each as wide as its widest cell. */
export function columnsText(columns: readonly Column[]): string {
  const widths = columns.map(({ title, cells }) => Math.max(title.length, ...cells.map(({ length }) => length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (columns[i]?.right ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  const rows = Math.max(0, ...columns.map(({ cells }) => cells.length));
  const lines = [line(columns.map(({ title }) => title))];
  for (let row = 0; row < rows; row++) lines.push(line(columns.map(({ cells }) => cells[row] ?? "")));
  return `${lines.join("\n")}\n`;
}
