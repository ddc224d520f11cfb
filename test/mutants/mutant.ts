/** A mistake to be made on purpose: a piece of one file and what takes its place. */
export interface Mistake {
  /** From the root of the repository, for example `shaders/norm/rms-norm.wgsl`. */
  readonly file: string;
  /** Text that the file has exactly once. */
  readonly find: string;
  readonly replace: string;
  /** What goes wrong. */
  readonly why: string;
  /** For mistakes in TypeScript: the test files that must turn red, such as `kernels/fill`. */
  readonly tests?: readonly string[];
}

/** A mistake in a shader, by its name. */
export function inShader(name: string, find: string, replace: string, why: string): Mistake {
  return { file: `shaders/${name}.wgsl`, find, replace, why };
}

/** New text for one line of a file, counted from 1; lines may be added to it and left empty. */
export interface Edit {
  readonly line: number;
  readonly from: string;
  readonly to: string;
}

/** A mistake as lines, which is how a shader that is joined from several files can be changed. */
export interface Mutant {
  /** The same as long as the line it changes is the same. */
  readonly id: string;
  readonly kind: "hand" | "token" | "barrier";
  readonly file: string;
  readonly edits: readonly Edit[];
  readonly why: string;
  readonly tests?: readonly string[];
}

/** The edits that put `replace` in the place of the only `find`; throws where there is not exactly one. */
export function editsOf(text: string, find: string, replace: string, file: string): Edit[] {
  const start = text.indexOf(find);
  if (start < 0 || text.indexOf(find, start + 1) >= 0) {
    throw new Error(`${file} has ${start < 0 ? "no" : "more than one"} ${JSON.stringify(find)}`);
  }
  const from = text.lastIndexOf("\n", start) + 1;
  const after = text.indexOf("\n", start + find.length);
  const end = after < 0 ? text.length : after;
  const first = text.slice(0, from).split("\n").length;
  const before = text.slice(from, end).split("\n");
  const changed = text.slice(from, start) + replace + text.slice(start + find.length, end);
  return before.map((line, i) => ({ line: first + i, from: line, to: i === 0 ? changed : "" }));
}

/** The mutant of a mistake. */
export function mutantOf(text: string, { file, find, replace, why, tests }: Mistake): Mutant {
  const id = `${file}: ${squeeze(find)} → ${squeeze(replace)}`;
  return { id, kind: "hand", file, edits: editsOf(text, find, replace, file), why, ...(tests ? { tests } : {}) };
}

/** The text with its edits; throws where a line is not the one that was to be changed. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const lines = text.split("\n");
  for (const { line, from, to } of edits) {
    if (lines[line - 1] !== from) throw new Error(`line ${line} is ${lines[line - 1]}, expected ${from}`);
    lines[line - 1] = to;
  }
  return lines.join("\n");
}

/** Text on one line, for names. */
export function squeeze(text: string): string {
  const short = text.replace(/\s+/g, " ").trim();
  return short === "" ? "nothing" : short;
}
