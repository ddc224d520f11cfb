import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja";
import { strftime } from "./strftime.ts";
import { TextError } from "./text-error.ts";

/** A parsed template; `render` returns its text for the variables, which are JSON values. */
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

/** The variable that holds the function for a strip method: no identifier of a template can contain a space. */
const stripVariable = (method: string) => `${method} characters`;

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

function range(start: unknown, stop: unknown, step: unknown = 1): number[] {
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
      throw new TextError(`the chat template rejects these messages: ${String(message ?? "no reason given")}`);
    },
  };
  for (const [method, ends] of Object.entries(strips)) {
    variables[stripVariable(method)] = (text: unknown, set: unknown) => stripCharacters(text, set, ends);
  }
  return variables;
}

type TreeNode = Record<string, unknown>;

/**
 * Makes `text.strip("
")` call the functions above: the library strips all white space whatever the arguments, and some templates, such as Qwen3's, strip only newlines.
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
 * Parses a Jinja template as `transformers` does for chat templates: `trim_blocks` and `lstrip_blocks` on, with
 * `raise_exception`, `strftime_now` (of `now`), `range` and `namespace`. Throws a TextError where it is invalid.
 *
 * The language is that of `@huggingface/jinja`. It differs from Python's Jinja in edge cases: booleans print in lower
 * case and none as nothing, `==` compares across types, the output of a `for` body before `continue` is lost, and a
 * `set` in a `for` body persists into the next iteration.
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
