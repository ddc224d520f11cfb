// Expressions that the text does not hold, checked as if they stood at a place of it.
import { readExpression } from "../../expressions.ts";
import { readerOf } from "../../reader.ts";
import { type Definition, resolveNames } from "../../scopes.ts";
import { checkBrackets, tokensOf } from "../../tokens.ts";
import type { Module, Expression as Syntax } from "../../tree.ts";
import { visibleAt } from "../../visible.ts";
import { insideOf } from "../lower/effects.ts";
import type { Expression, Scope, Variable } from "../program.ts";
import { type Context, fail } from "./context.ts";
import { valueIn } from "./expressions.ts";
import { concrete } from "./fold.ts";

/** What an expression may name at a place, in characters from the start of the text. */
export function scopeAt(context: Context, module: Module, at: number): Scope {
  const visible = visibleAt(module, context.scopes, at);
  return {
    variables: [...visible.values()].flatMap((definition) => variableOf(context, definition) ?? []),
    valueOfText: (text) => valueOfText(context, visible, text),
  };
}

function variableOf(context: Context, definition: Definition): Variable | undefined {
  const { kind } = definition.node;
  const meaning = kind === "variable" || kind === "field" ? context.meaningOf(definition) : undefined;
  return meaning && !("kind" in meaning) ? meaning : undefined;
}

function valueOfText(context: Context, visible: ReadonlyMap<string, Definition>, text: string): Expression {
  const node = parseExpression(text);
  resolveNames(context.scopes, node, visible);
  const value = concrete(valueIn(context, node));
  if (value.type.kind === "pointer") throw fail("a pointer is no value; * gives what it points to", node);
  checkEffects(value);
  return value;
}

function parseExpression(text: string): Syntax {
  const tokens = tokensOf(text);
  checkBrackets(tokens);
  const reader = readerOf(tokens);
  const node = readExpression(reader);
  if (reader.peek().kind !== "end") throw reader.fail("the end of the expression");
  return node;
}

/** Throws for what changes memory, waits, or may do so. */
function checkEffects(expression: Expression): void {
  const { kind, span } = expression;
  if (kind === "call")
    throw fail(`${expression.callee.name} is a function of the text, which is not called here`, span);
  if (kind === "memory" && expression.name !== "atomicLoad" && expression.name !== "arrayLength") {
    throw fail(
      `${expression.name} is not called here: it ${/^atomic/.test(expression.name) ? "stores" : "waits"}`,
      span,
    );
  }
  for (const inner of insideOf(expression)) checkEffects(inner);
}
