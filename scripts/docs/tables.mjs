// Tables in Markdown whose cells fit a screen.

/** The most characters of a cell. */
export const widest = 110;

const escaped = (text) => text.replaceAll("|", "\\|");

/** A table. */
export const table = (heads, rows) =>
  [heads, heads.map(() => "---"), ...rows].map((row) => `| ${row.map(escaped).join(" | ")} |\n`).join("");

/** A table, with the remaining texts of its rows beneath it: lists of texts by the first cell. */
export function noted(heads, rows) {
  const notes = rows.flatMap(({ cells: [name], note }) => (note ? [`- ${name}: ${note}`] : []));
  const below = notes.length > 0 ? `\n${notes.join("\n")}\n` : "";
  return `${table(
    heads,
    rows.map(({ cells }) => cells),
  )}${below}`;
}
