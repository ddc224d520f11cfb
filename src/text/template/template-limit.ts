import type { Interpreter } from "@huggingface/jinja";
import type { StepLimit } from "../pattern/step-limit.ts";
import { TextError } from "../text-error.ts";

type Value = ReturnType<Interpreter["evaluate"]>;

/** A node of a parsed template. */
export type TreeNode = { readonly type: string } & Record<string, unknown>;

/**
 * How the value of a node is used: a loop makes a scope for each element (`iterated`), or its whole contents are read
 * (`whole`), or written with indentation (`json`).
 */
type Use = "iterated" | "whole" | "json";

const isNode = (value: unknown): value is TreeNode =>
  typeof value === "object" && value !== null && typeof (value as TreeNode).type === "string";

/** Calls `visit` for every node below and including `value`, children first. */
export function visitNodes(value: unknown, visit: (node: TreeNode) => void): void {
  if (typeof value !== "object" || value === null) return;
  const children = value instanceof Map ? [...value].flat() : Object.values(value);
  for (const child of children) visitNodes(child, visit);
  if (isNode(value)) visit(value);
}

const blocks = ["body", "alternate", "defaultBlock"];
const filtersOfAll = new Set(["sort", "dictsort", "unique", "string", "join"]);

function filterName({ filter }: TreeNode): unknown {
  if (!isNode(filter)) return undefined;
  return filter.type === "Identifier"
    ? filter["value"]
    : isNode(filter["callee"])
      ? filter["callee"]["value"]
      : undefined;
}

/** How the values of a template's nodes are used. */
export function usesOf(program: unknown): ReadonlyMap<object, Use> {
  const uses = new Map<object, Use>();
  const use = (node: unknown, as: Use) => {
    if (isNode(node)) uses.set(node, as);
  };
  visitNodes(program, (node) => {
    // The output of a block: a value that is not a string is written as JSON.
    for (const block of blocks) {
      const statements = node[block];
      if (Array.isArray(statements)) for (const statement of statements) use(statement, "whole");
    }
    if (node.type === "For") {
      const iterable = node["iterable"];
      use(isNode(iterable) && iterable.type === "SelectExpression" ? iterable["lhs"] : iterable, "iterated");
    } else if (node.type === "FilterExpression") {
      const name = filterName(node);
      if (name === "tojson") use(node["operand"], "json");
      else if (filtersOfAll.has(String(name))) use(node["operand"], "whole");
    } else if (node.type === "BinaryExpression" && /^[!=]=$/.test(String((node["operator"] as TreeNode)["value"]))) {
      use(node["left"], "whole");
      use(node["right"], "whole");
    }
  });
  return uses;
}

/** The size of a value when written: characters, with repeated references counted each time, and levels. */
interface Extent {
  readonly characters: number;
  readonly depth: number;
}

const deepest = 100;
/** Maximum nesting of evaluations: a few for each block, call or operator. */
const deepestEvaluation = 300;
/** Maximum JSON indentation per level. */
export const maxIndent = 16;
/** Characters copied or compared in bulk cost less than a step. */
const atOnce = 16;

/** Maximum characters of a value for an input of `length` characters. */
const maxCharacters = (length: number) => 1_000_000 + 16 * length;

/** Throws a TextError for a value that is too long, for an input of `length` characters. */
export function checkLength(characters: number, length: number): void {
  const most = maxCharacters(length);
  if (characters <= most) return;
  throw new TextError(`the chat template makes a value of ${characters} characters, expected at most ${most}`);
}

/** What a node calls, for messages; undefined if it calls nothing. */
function called(node: TreeNode): string | undefined {
  if (node.type === "FilterExpression") return `the filter ${filterName(node)}`;
  const callee = node.type === "CallExpression" ? node["callee"] : undefined;
  if (!isNode(callee)) return undefined;
  const property = callee["property"];
  return `the call of ${(isNode(property) ? property["value"] : callee["value"]) ?? "a function"}`;
}

/** The library's error with the name of the called function; what the library does not check fails with a TypeError. */
function explained(error: unknown, node: TreeNode, field: string): unknown {
  const what = called(node);
  if (error instanceof TypeError) {
    const reason = `${what ?? `a ${node.type}`} is given too little, or something of another kind`;
    return new TextError(`${field} cannot be used: ${reason}`, { cause: error });
  }
  // `break` and `continue` are errors without a message; a full stack is a RangeError.
  const isPlain = error instanceof Error && !(error instanceof RangeError) && !(error instanceof TextError);
  if (!isPlain || error.message === "" || what === undefined) return error;
  return new TextError(`${field} cannot be used: ${what}: ${error.message}`, { cause: error });
}

/**
 * Makes an interpreter evaluate within a limit of steps, for an input of `length` characters, with values of a limited
 * size. The limit must have been started. Lists and objects are immutable, so their contents are measured once.
 */
export function limitInterpreter(
  interpreter: Interpreter,
  uses: ReadonlyMap<object, Use>,
  limit: StepLimit,
  length: number,
): void {
  const evaluate = interpreter.evaluate.bind(interpreter);
  const nothing = evaluate(undefined, interpreter.global);
  const extents = new WeakMap<object, Extent>();
  let level = 0;

  function extentOf(value: Value, nested = false): Extent {
    const known = extents.get(value);
    if (known) return known;
    if (value.type === "StringValue") return { characters: (value.value as string).length, depth: 0 };
    const isList = Array.isArray(value.value);
    if (typeof value.value === "number") return { characters: String(value.value).length, depth: 0 };
    if (!isList && !(value.value instanceof Map)) return { characters: 4, depth: 0 };
    if (value.type === "NamespaceValue" && nested) {
      throw new TextError(`${limit.field} puts a namespace into another value: not supported`);
    }
    let characters = 2;
    let depth = 0;
    const entries = (isList ? (value.value as Value[]).entries() : (value.value as Map<string, Value>)) as Iterable<
      [string | number, Value]
    >;
    for (const [key, held] of entries) {
      const extent = extentOf(held, true);
      characters += extent.characters + 2 + (typeof key === "string" ? key.length + 4 : 0);
      depth = Math.max(depth, extent.depth);
      limit.take(1);
    }
    const extent = { characters, depth: depth + 1 };
    if (value.type !== "NamespaceValue") extents.set(value, extent); // a namespace changes
    return extent;
  }

  function charge(value: Value, use: Use | undefined): void {
    const { characters, depth } = extentOf(value);
    if (depth > deepest) throw new TextError(`${limit.field} nests values more than ${deepest} deep`);
    const written = use === "json" ? characters * (1 + maxIndent * depth) : characters;
    checkLength(use === "json" ? written / maxIndent : written, length);
    const isList = Array.isArray(value.value);
    const elements = isList ? (value.value as Value[]).length : 0;
    if (use === "iterated") limit.take(4 * elements);
    limit.take(Math.floor((depth === 0 || use === "whole" || use === "json" ? written : elements) / atOnce));
  }

  interpreter.evaluate = (node, environment) => {
    if (!node) return nothing;
    limit.take(1);
    // Before the stack overflows, which the library reports as an unknown name.
    if (level > deepestEvaluation) {
      throw new TextError(`${limit.field} cannot be used: it is nested too deep, or a macro calls itself without end`);
    }
    level++;
    let value: Value;
    try {
      value = evaluate(node, environment) ?? nothing;
    } catch (error) {
      throw explained(error, node as unknown as TreeNode, limit.field);
    } finally {
      level--;
    }
    charge(value, uses.get(node));
    return value;
  };
}
