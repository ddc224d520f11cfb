/** Something the device could not do: no adapter, a lost device, a failed allocation, a limit exceeded. */
export class GpuError extends Error {
  override readonly name = "GpuError";
}

/** Memory that could not be allocated. */
export class AllocationError extends GpuError {
  /** Bytes of the device's buffers when the allocation failed. */
  readonly held: number;
  constructor(message: string, held: number, options?: ErrorOptions) {
    super(message, options);
    this.held = held;
  }
}

/** A shader that does not compile or does not match its definition: a mistake in the WGSL. */
export class ShaderError extends Error {
  override readonly name = "ShaderError";
  /** File (or part) that contains the first error, for example `norm/rms-norm`. */
  readonly file: string;
  /** Line in that file, counted from 1; 0 when the error has no line. */
  readonly line: number;
  constructor(message: string, file: string, line = 0) {
    super(message);
    this.file = file;
    this.line = line;
  }
}

/** A `ShaderError` at character `at` of a file, with three lines of it and a caret. */
export function sourceError(message: string, file: string, code: string, at: number): ShaderError {
  const text = code.split("\n");
  const row = code.slice(0, at).split("\n").length - 1;
  const column = at - (code.lastIndexOf("\n", at - 1) + 1);
  const shown = excerpt(row, column, (i) => (text[i] === undefined ? undefined : { line: i + 1, text: text[i] }));
  return new ShaderError(`${file}:${row + 1}: ${message}\n${shown}`, file, row + 1);
}

/** Line `row` with the lines before and after it, where `lineAt` has them, and a caret under `column`. */
export function excerpt(
  row: number,
  column: number,
  lineAt: (row: number) => { readonly line: number; readonly text: string } | undefined,
): string {
  const shown: string[] = [];
  for (let i = row - 1; i <= row + 1; i++) {
    const from = lineAt(i);
    if (!from) continue;
    shown.push(`${String(from.line).padStart(5)} | ${from.text}`);
    if (i === row) shown.push(`      | ${" ".repeat(Math.max(0, column))}^`);
  }
  return shown.join("\n");
}
