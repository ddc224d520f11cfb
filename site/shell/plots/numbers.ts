/** Numbers under their names, one row per step; undefined where missing. */
export interface Numbers {
  readonly label: string;
  /** The label of each row, if it is not a number. */
  readonly names?: { readonly column: string; readonly of: readonly string[] };
  /** Names with units, and the format of a column's numbers. */
  readonly columns: readonly { readonly name: string; readonly show: (value: number) => string }[];
  readonly rows: readonly (readonly (number | undefined)[])[];
}

/** All numbers as comma-separated values (RFC 4180), unformatted. */
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
