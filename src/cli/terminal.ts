/** Number of lines reserved for drivers' output. */
const room = 12;

/**
 * Runs work during which drivers write to the terminal themselves, and erases their output afterwards. Dawn warns on
 * stderr about limits that it lowers, bypassing Node, without a switch against it; users cannot act on these warnings.
 * Nothing is erased if stderr is not a terminal, with SHADERFORMER_DEBUG=1, or if the work fails.
 */
export async function withoutDriverChatter<T>(work: () => Promise<T>): Promise<T> {
  const { stderr } = process;
  const dumb = process.env["TERM"] === "dumb" || process.env["SHADERFORMER_DEBUG"];
  if (!stderr.isTTY || dumb || stderr.rows <= room) return await work();
  // A saved cursor position is relative to the screen, so the screen is first scrolled as far as needed.
  stderr.write(`${"\n".repeat(room)}\x1b[${room}A\x1b7`);
  const result = await work();
  stderr.write("\x1b8\x1b[J");
  return result;
}

/** Formats text as bold if the stream supports colours. */
export function bold(text: string, stream: NodeJS.WriteStream): string {
  return stream.isTTY && stream.hasColors() ? `\x1b[1m${text}\x1b[22m` : text;
}

// A terminal that does not know its width reports 0 columns.

/** Columns for a table on stdout, or of the pager's terminal. */
export function tableColumns(): number {
  return process.stdout.columns || process.stderr.columns || 100;
}

/** Columns for lines on a stream; unlimited if that is not a terminal. */
export function lineColumns({ columns }: { readonly columns?: number } = process.stderr): number {
  return columns || Number.POSITIVE_INFINITY;
}

/** Joins items to lines of at most `columns` characters, broken only between items, after the comma. */
export function fill(items: readonly string[], separator: string, columns: number, indent = ""): string {
  const comma = separator.startsWith(",") ? "," : "";
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    const longer = `${last}${separator}${item}`;
    if (last !== undefined && longer.length + comma.length <= columns) lines[lines.length - 1] = longer;
    else lines.push(`${indent}${item}`);
  }
  return lines.join(`${comma}\n`);
}

/** A column of a table: its title, its cells, and whether they are right-aligned. */
interface Column {
  readonly title: string;
  readonly cells: readonly string[];
  readonly right?: boolean;
}

/** Columns of text under their titles, each as wide as its widest cell. */
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

/** One line on stderr with the current activity, if that is a terminal; hidden during other output. */
export interface StatusLine {
  /** Replaces the text. */
  show(text: string): void;
  /** Removes the line. */
  clear(): void;
}

/** A status line. */
export function statusLine({ stderr } = process): StatusLine {
  if (!stderr.isTTY || process.env["TERM"] === "dumb") return { show: () => {}, clear: () => {} };
  const write = (text: string) => stderr.write(`\r\x1b[K${text}`);
  return {
    show: (text) => void write(text.slice(0, Math.max(0, lineColumns(stderr) - 1))),
    clear: () => void write(""),
  };
}
