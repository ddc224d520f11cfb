/** Number of lines reserved for drivers' output. */
const room = 12;

/**
 * Runs work during which drivers write to the terminal themselves, and erases their output afterwards. Dawn warns of
 * limits that it lowers on stderr, bypassing Node, and has no switch for it; users cannot act on these warnings.
 * Nothing is erased where stderr is not a terminal, with SHADERFORMER_DEBUG=1, or when the work fails.
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

/** Formats text as bold where the stream supports colours. */
export function bold(text: string, stream: NodeJS.WriteStream): string {
  return stream.isTTY && stream.hasColors() ? `\x1b[1m${text}\x1b[22m` : text;
}

// A terminal that does not know its width says 0 columns.

/** Columns for a table on stdout, or of the pager's terminal. */
export function tableColumns(): number {
  return process.stdout.columns || process.stderr.columns || 100;
}

/** Columns for lines on a stream; unlimited where that is not a terminal. */
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
