import { FormatError, type FormatErrorOptions, shortened } from "../format-error.ts";

/**
 * A JSON value as {@link parseStrictJson} returns it: objects are maps, so that a key such as `__proto__` is only a
 * key; integers written plainly (no fraction, no exponent, at most 18 digits) are `bigint`, all other numbers are
 * `number`.
 */
export type StrictJson = string | number | bigint | boolean | null | StrictJson[] | Map<string, StrictJson>;

const DEEPEST = 100;
type Words = readonly (readonly [string, boolean | number | null])[];

const WORDS: Words = [
  ["true", true],
  ["false", false],
  ["null", null],
];

/** The kind of a value, for messages: `an object`, `a string`. */
export function kindOf(value: StrictJson | undefined): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (value instanceof Map) return "an object";
  if (typeof value === "string") return "a string";
  return shortened(String(value), 40);
}

/**
 * Parses JSON (RFC 8259) more strictly than `JSON.parse`: duplicate keys (which parsers resolve differently), lone
 * surrogates and more than 100 levels are rejected, and every error names line and column in any JavaScript engine.
 *
 * @throws FormatError for `file`, with `field` if given.
 */
export function parseStrictJson(file: string, text: string, field?: string): StrictJson {
  return parse<StrictJson>(file, text, field, { integer: BigInt, object: (entries) => entries });
}

/**
 * As {@link parseStrictJson}, into the values that `JSON.parse` gives: plain objects and numbers.
 *
 * @param infinity the word `Infinity`, which Python's `json` writes, is a number.
 * @throws FormatError for `file`.
 */
export function parseJson(file: string, text: string, infinity = false): unknown {
  const words: Words = infinity ? [...WORDS, ["Infinity", Number.POSITIVE_INFINITY]] : WORDS;
  return parse<unknown>(file, text, undefined, { integer: Number, object: Object.fromEntries, words });
}

/** How a parser makes the values that have several forms in JavaScript. */
interface Made<Value> {
  readonly integer: (digits: string) => Value;
  readonly object: (entries: Map<string, Value>) => Value;
  /** Words that are values; unset: those of JSON. */
  readonly words?: Words;
}

/** `Value` has to include strings, numbers, booleans, null and arrays of itself. */
function parse<Value>(file: string, text: string, field: string | undefined, made: Made<Value>): Value {
  let at = 0;

  function fail(problem: string, where: number): never {
    const before = text.slice(0, where);
    const line = before.split("\n").length;
    const column = where - (before.lastIndexOf("\n") + 1) + 1;
    const options: FormatErrorOptions = field === undefined ? {} : { field };
    throw new FormatError(file, `is not valid JSON at line ${line}, column ${column}: ${problem}`, options);
  }

  function expected(what: string): never {
    const code = text.codePointAt(at);
    fail(`expected ${what}, found ${code === undefined ? "the end" : JSON.stringify(String.fromCodePoint(code))}`, at);
  }

  function skipSpace(): void {
    for (;;) {
      const code = text.charCodeAt(at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      at++;
    }
  }

  function string(): string {
    const begin = at++;
    let escaped = false;
    for (;;) {
      const code = text.charCodeAt(at);
      if (Number.isNaN(code)) fail("a string without its closing quote", begin);
      if (code === 0x22) break;
      if (code < 0x20) expected("an escape in place of a control character");
      if (code === 0x5c) escaped = true;
      at += code === 0x5c ? 2 : 1;
    }
    at++;
    if (!escaped) return text.slice(begin + 1, at - 1);
    let value: string;
    try {
      value = JSON.parse(text.slice(begin, at)) as string;
    } catch {
      fail("a string with an escape that JSON does not have", begin);
    }
    if (!value.isWellFormed()) fail("a string with half of a surrogate pair", begin);
    return value;
  }

  function number(): Value {
    const token = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
    token.lastIndex = at;
    const raw = token.exec(text)?.[0];
    if (raw === undefined) expected("a value");
    at += raw.length;
    return /^(?:0|-?[1-9]\d{0,17})$/.test(raw) ? made.integer(raw) : (Number(raw) as Value);
  }

  /** Runs `item` for each of the comma-separated items up to `close`; the opening bracket is at `at`. */
  function items(close: string, item: () => void): void {
    at++;
    skipSpace();
    if (text[at] !== close) {
      for (;;) {
        item();
        skipSpace();
        if (text[at] === close) break;
        if (text[at] !== ",") expected(`"," or "${close}"`);
        at++;
        skipSpace();
      }
    }
    at++;
  }

  function object(depth: number): Value {
    const map = new Map<string, Value>();
    items("}", () => {
      if (text[at] !== '"') expected("a key in double quotes");
      const keyAt = at;
      const key = string();
      if (map.has(key)) fail(`the key ${JSON.stringify(shortened(key))} occurs twice`, keyAt);
      skipSpace();
      if (text[at] !== ":") expected('":"');
      at++;
      map.set(key, value(depth + 1));
    });
    return made.object(map);
  }

  function array(depth: number): Value {
    const list: Value[] = [];
    items("]", () => list.push(value(depth + 1)));
    return list as Value;
  }

  function value(depth: number): Value {
    if (depth > DEEPEST) fail(`more than ${DEEPEST} levels of nesting`, at);
    skipSpace();
    const first = text[at];
    if (first === '"') return string() as Value;
    if (first === "{") return object(depth);
    if (first === "[") return array(depth);
    for (const [word, meaning] of made.words ?? WORDS) {
      if (!text.startsWith(word, at)) continue;
      at += word.length;
      return meaning as Value;
    }
    return number();
  }

  const whole = value(0);
  skipSpace();
  if (at < text.length) expected("the end");
  return whole;
}
