const LONGEST_FIELD = 160;

/** Text from a file, made safe for a terminal: control, bidirectional and other invisible characters are escaped. */
export function printed(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/**
 * `text`, shortened in the middle where it exceeds `longest` characters, so that a hostile name cannot fill a screen.
 */
export function shortened(text: string, longest = LONGEST_FIELD): string {
  if (text.length <= longest) return text;
  const kept = Math.floor((longest - 1) / 2);
  return `${text.slice(0, kept)}…${text.slice(-kept)}`;
}

/** The first few of `items` as a list in a sentence, with the number of those left out. */
export function listed(items: readonly string[], most = 5): string {
  const shown = items.slice(0, most).map((item) => shortened(item));
  return items.length > most ? `${shown.join(", ")} and ${items.length - most} more` : shown.join(", ");
}

/** Options of {@link FormatError} other than the file and the problem. */
export interface FormatErrorOptions {
  /** The tensor, key or part of the file that is wrong. */
  readonly field?: string;
  /** The error that caused this one. */
  readonly cause?: unknown;
}

/**
 * A file from outside that is missing or breaks its format.
 *
 * The message reads `file: field problem`; `file` is the name inside its source, or the path or address of the source.
 */
export class FormatError extends Error {
  readonly file: string;
  readonly field?: string;

  constructor(file: string, problem: string, options: FormatErrorOptions = {}) {
    const { field, cause } = options;
    const subject = field === undefined ? "" : `${shortened(field) || '""'} `;
    super(printed(`${file}: ${subject}${problem}`), cause === undefined ? undefined : { cause });
    this.name = "FormatError";
    this.file = file;
    if (field !== undefined) this.field = field;
  }
}
