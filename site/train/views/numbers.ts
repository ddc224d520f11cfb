/** Numbers under their names, a row for each step; undefined where there is none. */
export interface Numbers {
  readonly label: string;
  /** What each row is of, where that is no number. */
  readonly names?: { readonly column: string; readonly of: readonly string[] };
  /** Names, with the unit, and how a number of the column is written. */
  readonly columns: readonly { readonly name: string; readonly show: (value: number) => string }[];
  readonly rows: readonly (readonly (number | undefined)[])[];
}

/** All numbers as comma-separated values (RFC 4180), as they are. */
export function csvOf({ names, columns, rows }: Numbers): string {
  const quoted = (name: string) => (/[",]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);
  const lines = [
    [...(names ? [quoted(names.column)] : []), ...columns.map(({ name }) => quoted(name))],
    ...rows.map((row, i) => [
      ...(names ? [quoted(names.of[i] ?? "")] : []),
      ...columns.map((_, j) => String(row[j] ?? "")),
    ]),
  ];
  return `${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}
