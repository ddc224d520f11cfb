/** Lines that drivers are given to write in. */
const room = 12;

/**
 * Does work during which drivers write to the terminal by themselves, and takes it off the screen afterwards. Dawn
 * warns of limits that it lowers, on stderr, past Node, and has no switch for it; a person can do nothing about it.
 * Where stderr is no terminal, with SHADERFORMER_DEBUG=1, and when the work fails, everything stays to be read.
 */
export async function withoutDriverChatter<T>(work: () => Promise<T>): Promise<T> {
  const { stderr } = process;
  const dumb = process.env["TERM"] === "dumb" || process.env["SHADERFORMER_DEBUG"];
  if (!stderr.isTTY || dumb || stderr.rows <= room) return await work();
  // A saved position is a place on the screen, so first the screen is made to scroll as far as it will need to.
  stderr.write(`${"\n".repeat(room)}\x1b[${room}A\x1b7`);
  const result = await work();
  stderr.write("\x1b8\x1b[J");
  return result;
}

/** Makes text bold where the stream shows colours. */
export function bold(text: string, stream: NodeJS.WriteStream): string {
  return stream.isTTY && stream.hasColors() ? `\x1b[1m${text}\x1b[22m` : text;
}

/** Columns for a table on stdout; of a pager's terminal where stdout goes to one. */
export function tableColumns(): number {
  return process.stdout.columns ?? process.stderr.columns ?? 100;
}

/** Columns for a line on stderr: as many as it needs where that is no terminal. */
export function lineColumns(): number {
  return process.stderr.columns ?? Number.POSITIVE_INFINITY;
}

/** Joins items to lines of at most `columns` characters, broken between items only; a comma stays at its line's end. */
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
