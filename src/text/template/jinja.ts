import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja";
import { makeStepLimit } from "../pattern/step-limit.ts";
import { TextError } from "../text-error.ts";
import { globals, growing, strips, variableOf } from "./template-functions.ts";
import { checkLength, limitInterpreter, maxIndent, type TreeNode, usesOf, visitNodes } from "./template-limit.ts";

/** A parsed template; `render` returns its text for the variables, which are JSON values. */
export interface JinjaTemplate {
  render(variables: Readonly<Record<string, unknown>>): string;
}

/**
 * Makes `text.strip("\n")` call the function above: the library strips all white space regardless of the arguments, and
 * some templates, such as Qwen3's, strip only newlines. Likewise for functions that can enlarge a text.
 */
function redirect(node: TreeNode): void {
  const become = (name: string, subject: unknown, args: unknown) => {
    const callee = { type: "Identifier", value: variableOf(name) };
    Object.assign(node, { type: "CallExpression", callee, args: [subject, ...(args as unknown[])] });
  };
  if (node.type === "CallExpression") {
    const { type, computed, property, object } = node["callee"] as TreeNode;
    const method = type === "MemberExpression" && computed !== true ? String((property as TreeNode)["value"]) : "";
    const given = (node["args"] as unknown[]).length > 0;
    if ((given && Object.hasOwn(strips, method)) || method === "replace") become(method, object, node["args"]);
  } else if (node.type === "FilterExpression" || node.type === "FilterStatement") {
    const { type, callee, args } = node["filter"] as TreeNode;
    const name = type === "CallExpression" ? String((callee as TreeNode)["value"]) : "";
    const subject = node["operand"] ?? { type: "Program", body: node["body"] };
    if (Object.hasOwn(growing, name)) become(name, subject, args);
    else if (name === "tojson") for (const argument of args as TreeNode[]) checkJsonArgument(argument);
  }
}

/** The library writes these for each level or element: a number or a short string literal. */
function checkJsonArgument({ type: kind, key, value }: TreeNode): void {
  if (kind === "KeywordSpreadExpression") {
    throw new TextError("the chat template calls tojson with arguments from an object: not supported");
  }
  const name = (key as TreeNode | undefined)?.["value"];
  const { type, value: given } = (value ?? {}) as TreeNode;
  if (
    name === "indent" &&
    !(type === "IntegerLiteral" && Number(given) <= maxIndent) &&
    given !== "none" &&
    given !== "None"
  ) {
    throw new TextError(`the chat template calls tojson with an indent that is not a number up to ${maxIndent}`);
  }
  const isShort = (text: TreeNode) => text.type === "StringLiteral" && String(text["value"]).length <= maxIndent;
  if (name === "separators" && !(Array.isArray(given) && given.every(isShort))) {
    throw new TextError(
      `the chat template calls tojson with separators that are not texts of up to ${maxIndent} characters`,
    );
  }
}

/**
 * Steps for a template, in addition to those for its characters and the messages': an evaluation takes longer than
 * other steps.
 */
const stepsOfTemplate = 300_000;
/** Longest template, and longest run of white space in it: the library scans a run once for each of its characters. */
const MAX_TEMPLATE = 1_000_000;
const MAX_SPACE = 1000;

function explained(error: unknown): TextError {
  if (error instanceof TextError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  // "Maximum call stack size exceeded", "too much recursion"
  const text = /call stack|recursion/.test(reason)
    ? "it is nested too deep, or a macro calls itself without end"
    : reason;
  return new TextError(`the chat template cannot be used: ${text}`, { cause: error });
}

function parsed(source: string): ReturnType<typeof parse> {
  if (source.length > MAX_TEMPLATE) {
    throw new TextError(`the chat template has ${source.length} characters, expected at most ${MAX_TEMPLATE}`);
  }
  if (new RegExp(`\\s{${MAX_SPACE + 1}}`).test(source)) {
    throw new TextError(`the chat template has more than ${MAX_SPACE} characters of white space in a row`);
  }
  const tokens = tokenize(source, { trim_blocks: true, lstrip_blocks: true });
  let program: ReturnType<typeof parse>;
  try {
    program = parse(tokens);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // the parser reads beyond the last token
    throw new TextError("the chat template cannot be used: it ends within a tag or a block", { cause: error });
  }
  visitNodes(program, redirect);
  return program;
}

/**
 * Parses a Jinja template as `transformers` does for chat templates: `trim_blocks` and `lstrip_blocks` on, with
 * `raise_exception`, `strftime_now` (of `now`), `range` and `namespace`. Throws a TextError if it is invalid.
 *
 * A template runs within limits on steps, the size of its values, and its text.
 *
 * The language is that of `@huggingface/jinja`. It differs from Python's Jinja in edge cases: booleans print in lower
 * case and none as nothing, `==` compares across types, the output of a `for` body before `continue` is lost, and a
 * `set` in a `for` body persists into the next iteration.
 */
export function readJinja(source: string, now: () => Date): JinjaTemplate {
  let program: ReturnType<typeof parse>;
  let uses: ReturnType<typeof usesOf>;
  try {
    program = parsed(source);
    uses = usesOf(program);
  } catch (error) {
    throw explained(error);
  }
  const limit = makeStepLimit("the chat template", stepsOfTemplate);
  return {
    render(variables) {
      const environment = new Environment();
      const length = source.length + JSON.stringify(variables).length;
      limit.begin(length);
      const limits = { take: limit.take, checkLength: (characters: number) => checkLength(characters, length) };
      for (const [name, value] of Object.entries(globals(now, limits))) environment.set(name, value);
      for (const [name, value] of Object.entries(variables)) {
        if (environment.variables.has(name)) {
          throw new TextError(
            `a variable for the chat template is called ${JSON.stringify(name)}, which Jinja has itself`,
          );
        }
        environment.set(name, value);
      }
      try {
        const interpreter = new Interpreter(environment);
        limitInterpreter(interpreter, uses, limit, length);
        return String(interpreter.run(program).value);
      } catch (error) {
        throw explained(error);
      }
    },
  };
}
