import { TextError } from "../text-error.ts";

/** As in Jinja's sandbox: a template of unknown origin must not be able to count forever. */
const MAX_RANGE = 100_000;

interface Ends {
  readonly left: boolean;
  readonly right: boolean;
}

/** The ends that each strip method trims. */
export const strips: Readonly<Record<string, Ends>> = {
  strip: { left: true, right: true },
  lstrip: { left: true, right: false },
  rstrip: { left: false, right: true },
};

/** Python's `str.strip(characters)`, `lstrip` or `rstrip`. */
function stripCharacters(text: unknown, characters: unknown, { left, right }: Ends): string {
  if (typeof text !== "string" || typeof characters !== "string") {
    throw new TextError("the chat template calls strip on, or with, a value that is not a string");
  }
  const set = new Set(characters);
  const all = [...text];
  let from = 0;
  let to = all.length;
  while (left && from < to && set.has(all[from] ?? "")) from++;
  while (right && to > from && set.has(all[to - 1] ?? "")) to--;
  return all.slice(from, to).join("");
}

/** The arguments in the order of their names; keyword arguments come last, as a map. */
function named(given: readonly unknown[], names: readonly string[]): unknown[] {
  const last = given.at(-1);
  const byName: ReadonlyMap<string, { readonly value: unknown }> = last instanceof Map ? last : new Map();
  const inOrder = last instanceof Map ? given.slice(0, -1) : given;
  return names.map((name, i) => (i < inOrder.length ? inOrder[i] : byName.get(name)?.value));
}

function replace(limits: Limits, text: unknown, ...given: unknown[]): string {
  const [before, after, count] = named(given, ["old", "new", "count"]);
  if (typeof text !== "string" || typeof before !== "string" || typeof after !== "string") {
    throw new TextError("the chat template calls replace on, or with, a value that is not a string");
  }
  const pattern = before === "" ? /(?:)/gu : before;
  const places = before === "" ? [...text].length + 1 : text.split(before).length - 1;
  let left = typeof count === "number" && count >= 0 ? Math.min(count, places) : places;
  limits.checkLength(text.length + left * (after.length - before.length));
  return text.replaceAll(pattern, (found) => (left-- > 0 ? after : found));
}

function indent(limits: Limits, text: unknown, ...given: unknown[]): string {
  const [width = 4, first = false, blank = false] = named(given, ["width", "first", "blank"]);
  if (typeof text !== "string" || typeof width !== "number") {
    throw new TextError(
      "the chat template calls indent on a value that is not a string, or with a width that is no number",
    );
  }
  const lines = text.split("\n");
  limits.checkLength(text.length + Math.max(0, width) * lines.length);
  const space = " ".repeat(Math.max(0, width));
  return lines.map((line, i) => ((i === 0 && !first) || (line === "" && !blank) ? line : space + line)).join("\n");
}

function join(limits: Limits, values: unknown, ...given: unknown[]): string {
  const [separator = ""] = named(given, ["separator"]);
  if ((typeof values !== "string" && !Array.isArray(values)) || typeof separator !== "string") {
    throw new TextError(
      "the chat template calls join on a value that is no list, or with a separator that is no string",
    );
  }
  const parts =
    typeof values === "string" ? [...values] : values.map(({ value }: { readonly value: unknown }) => value);
  limits.checkLength(separator.length * parts.length);
  return parts.join(separator);
}

/** Limits for methods and filters that can multiply text. */
interface Limits {
  /** Counts steps. Throws a TextError if there are too many. */
  take(steps: number): void;
  /** Throws a TextError for a text that would be too long. */
  checkLength(length: number): void;
}

/** The filters and methods that can enlarge a text, as functions. */
export const growing = { replace, indent, join };

function range(limits: Limits, start: unknown, stop: unknown, step: unknown = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  if (!Number.isInteger(from) || !Number.isInteger(to) || !Number.isInteger(step) || step === 0) {
    throw new TextError(
      "the chat template calls range with invalid arguments, expected integers and a step that is not 0",
    );
  }
  const [first, end, by] = [Number(from), Number(to), Number(step)];
  const count = Math.max(0, Math.ceil((end - first) / by));
  if (count > MAX_RANGE)
    throw new TextError(`the chat template calls range for ${count} numbers, expected at most ${MAX_RANGE}`);
  limits.take(count);
  return Array.from({ length: count }, (_, i) => first + i * by);
}

/** The global names of a template: Jinja's, those of `transformers`, and the functions above. */
export function globals(now: () => Date, limits: Limits): Record<string, unknown> {
  const variables: Record<string, unknown> = {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    range: (...given: [unknown, unknown, unknown]) => range(limits, ...given),
    strftime_now: (format: unknown) => strftime(now(), String(format)),
    raise_exception: (message: unknown) => {
      throw new TextError(
        `the chat template rejects these messages: ${String(message ?? "no reason given").slice(0, 1000)}`,
      );
    },
  };
  for (const [method, ends] of Object.entries(strips)) {
    variables[variableOf(method)] = (text: unknown, set: unknown) => stripCharacters(text, set, ends);
  }
  for (const [name, grow] of Object.entries(growing)) {
    variables[variableOf(name)] = (text: unknown, ...given: unknown[]) => grow(limits, text, ...given);
  }
  return variables;
}

/** The variable that holds the function for a filter or method: no identifier of a template can contain a space. */
export const variableOf = (name: string) => `${name} within limits`;

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const padded = (value: number) => String(value).padStart(2, "0");

const directives: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => String(date.getFullYear()),
  y: (date) => padded(date.getFullYear() % 100),
  m: (date) => padded(date.getMonth() + 1),
  d: (date) => padded(date.getDate()),
  e: (date) => String(date.getDate()).padStart(2, " "),
  B: (date) => MONTHS[date.getMonth()] ?? "",
  b: (date) => MONTHS[date.getMonth()]?.slice(0, 3) ?? "",
  A: (date) => DAYS[date.getDay()] ?? "",
  a: (date) => DAYS[date.getDay()]?.slice(0, 3) ?? "",
  H: (date) => padded(date.getHours()),
  I: (date) => padded(date.getHours() % 12 || 12),
  p: (date) => (date.getHours() < 12 ? "AM" : "PM"),
  M: (date) => padded(date.getMinutes()),
  S: (date) => padded(date.getSeconds()),
  "%": () => "%",
};

/**
 * The date in local time as Python's `strftime` writes it in the C locale, regardless of the user's language: models
 * were trained on English month names. `%-d` leaves out the padding; an unknown directive stays as it is.
 */
export function strftime(date: Date, format: string): string {
  return format.replaceAll(/%(-?)([a-zA-Z%])/g, (written, bare: string, letter: string) => {
    const text = directives[letter]?.(date);
    if (text === undefined) return written;
    return bare === "" ? text : text.replace(/^[0 ](?=.)/, "");
  });
}
