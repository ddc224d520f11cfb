import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja";
import { strftime } from "./strftime.ts";
import { TextError } from "./text-error.ts";

/** A template that has been read; `render` gives its text for the variables, which are JSON values. */
export interface JinjaTemplate {
  render(variables: Readonly<Record<string, unknown>>): string;
}

/** As in Jinja's sandbox: a template of unknown origin must not be able to count forever. */
const MAX_RANGE = 100_000;

interface Ends {
  readonly left: boolean;
  readonly right: boolean;
}

/** The ends that the strip methods work on. */
const strips: Readonly<Record<string, Ends>> = {
  strip: { left: true, right: true },
  lstrip: { left: true, right: false },
  rstrip: { left: false, right: true },
};

/** The variable that holds our function for a strip method: no identifier of a template can contain a space. */
const stripVariable = (method: string) => `${method} characters`;

/** Python's `str.strip(characters)`, `lstrip` or `rstrip`. */
function stripCharacters(text: unknown, characters: unknown, { left, right }: Ends): string {
  if (typeof text !== "string" || typeof characters !== "string") {
    throw new TextError("the chat template strips, or strips of, something that is not a string");
  }
  const set = new Set(characters);
  const all = [...text];
  let from = 0;
  let to = all.length;
  while (left && from < to && set.has(all[from] ?? "")) from++;
  while (right && to > from && set.has(all[to - 1] ?? "")) to--;
  return all.slice(from, to).join("");
}

function range(start: unknown, stop: unknown, step: unknown = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  if (!Number.isInteger(from) || !Number.isInteger(to) || !Number.isInteger(step) || step === 0) {
    throw new TextError("the chat template calls range with something else than integers and a step that is not 0");
  }
  const [first, end, by] = [Number(from), Number(to), Number(step)];
  const count = Math.max(0, Math.ceil((end - first) / by));
  if (count > MAX_RANGE)
    throw new TextError(`the chat template calls range for ${count} numbers, expected at most ${MAX_RANGE}`);
  return Array.from({ length: count }, (_, i) => first + i * by);
}

function globals(now: () => Date): Record<string, unknown> {
  const variables: Record<string, unknown> = {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    range,
    strftime_now: (format: unknown) => strftime(now(), String(format)),
    raise_exception: (message: unknown) => {
      throw new TextError(`the chat template refuses these messages: ${String(message ?? "no reason given")}`);
    },
  };
  for (const [method, ends] of Object.entries(strips)) {
    variables[stripVariable(method)] = (text: unknown, set: unknown) => stripCharacters(text, set, ends);
  }
  return variables;
}

type TreeNode = Record<string, unknown>;

/**
 * Makes `text.strip("\n")` call our function: the library strips all white space whatever the arguments, and Qwen3's
 * template, for one, strips newlines only.
 */
function redirectStrip(node: unknown): void {
  if (node instanceof Map) {
    for (const entry of node) redirectStrip(entry);
    return;
  }
  if (typeof node !== "object" || node === null) return;
  for (const child of Object.values(node)) redirectStrip(child);
  const call = node as TreeNode;
  const callee = call["callee"] as TreeNode | undefined;
  if (call["type"] !== "CallExpression" || callee?.["type"] !== "MemberExpression" || callee["computed"] === true)
    return;
  const method = (callee["property"] as TreeNode)["value"];
  const args = call["args"];
  if (typeof method !== "string" || !Object.hasOwn(strips, method) || !Array.isArray(args) || args.length === 0) return;
  call["args"] = [callee["object"], ...args];
  call["callee"] = { type: "Identifier", value: stripVariable(method) };
}

function explained(error: unknown): TextError {
  if (error instanceof TextError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new TextError(`the chat template cannot be used: ${reason}`, { cause: error });
}

/**
 * Reads a Jinja template as chat templates are written for `transformers`: `trim_blocks` and `lstrip_blocks` on, with
 * `raise_exception`, `strftime_now` (of `now`), `range` and `namespace`. Throws a TextError where it cannot be read.
 *
 * The language is that of `@huggingface/jinja`. It differs from Python's Jinja in corners: booleans print in lower case
 * and none as nothing, `==` compares across types, what a `for` body wrote before `continue` is lost, and a `set` in
 * a `for` body is still there in the next turn.
 */
export function readJinja(source: string, now: () => Date): JinjaTemplate {
  let program: ReturnType<typeof parse>;
  try {
    program = parse(tokenize(source, { trim_blocks: true, lstrip_blocks: true }));
    redirectStrip(program);
  } catch (error) {
    throw explained(error);
  }
  return {
    render(variables) {
      const environment = new Environment();
      for (const [name, value] of Object.entries(globals(now))) environment.set(name, value);
      for (const [name, value] of Object.entries(variables)) {
        if (environment.variables.has(name)) {
          throw new TextError(
            `a variable for the chat template is called ${JSON.stringify(name)}, which Jinja has itself`,
          );
        }
        environment.set(name, value);
      }
      try {
        return String(new Interpreter(environment).run(program).value);
      } catch (error) {
        throw explained(error);
      }
    },
  };
}
