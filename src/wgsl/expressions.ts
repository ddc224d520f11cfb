import { WgslError } from "./error.ts";
import type { Reader } from "./reader.ts";
import type { Binary, Expression, Name } from "./tree.ts";
import { insideOf } from "./walk.ts";

/**
 * Maximum depth of an expression's tree; a chain of as many operators is that deep. Tint's limit is 512, naga's higher.
 */
const deepest = 500;

const multiplication = ["*", "/", "%"];
const addition = ["+", "-"];
const shifts = ["<<", ">>"];
const relations = ["<", ">", "<=", ">=", "==", "!="];
const bits = ["&", "|", "^"];
const logic = ["&&", "||"];
const operators = new Set([multiplication, addition, shifts, relations, bits, logic].flat());

/**
 * An expression. WGSL's precedence has gaps: operands of shifts have no binary operators, comparisons do not chain, and
 * `&`, `|`, `^`, `&&` and `||` do not mix without parentheses.
 */
export const readExpression = (reader: Reader): Expression =>
  reader.nested(() => {
    const first = readUnary(reader);
    const sign = signAt(reader, bits);
    const whole = sign === undefined ? readLogic(reader, first) : readChain(reader, first, [sign], readUnary);
    const { kind, text, at } = reader.peek();
    if (kind === "sign" && operators.has(text)) throw new WgslError(`${text} needs parentheses here`, at);
    return whole;
  });

/** The node, made of the nodes inside it, unless its tree is too deep; `at` is where an error points. */
function made<T extends Expression>({ depths }: Reader, node: T, at: number): T {
  let depth = 0;
  for (const inner of insideOf(node)) depth = Math.max(depth, depths.get(inner) ?? 1);
  if (depth >= deepest) throw new WgslError(`an expression deeper than ${deepest} operators, calls and members`, at);
  depths.set(node, depth + 1);
  return node;
}

const signAt = (reader: Reader, signs: readonly string[]): string | undefined => {
  const { kind, text } = reader.peek();
  return kind === "sign" && signs.includes(text) ? text : undefined;
};

function readLogic(reader: Reader, first: Expression): Expression {
  const left = readRelation(reader, first);
  const sign = signAt(reader, logic);
  return sign === undefined ? left : readChain(reader, left, [sign], (inner) => readRelation(inner, readUnary(inner)));
}

function readRelation(reader: Reader, first: Expression): Expression {
  const left = readShift(reader, first);
  return signAt(reader, relations) === undefined
    ? left
    : readOne(reader, left, (inner) => readShift(inner, readUnary(inner)));
}

function readShift(reader: Reader, first: Expression): Expression {
  if (signAt(reader, shifts) !== undefined) return readOne(reader, first, readUnary);
  return readChain(reader, readProduct(reader, first), addition, (inner) => readProduct(inner, readUnary(inner)));
}

const readProduct = (reader: Reader, first: Expression) => readChain(reader, first, multiplication, readUnary);

function readOne(reader: Reader, left: Expression, operand: (reader: Reader) => Expression): Binary {
  const sign = reader.take();
  const right = operand(reader);
  return made(reader, { kind: "binary", sign: sign.text, left, right, at: left.at, end: right.end }, sign.at);
}

function readChain(
  reader: Reader,
  first: Expression,
  signs: readonly string[],
  operand: (reader: Reader) => Expression,
): Expression {
  let left = first;
  while (signAt(reader, signs) !== undefined) left = readOne(reader, left, operand);
  return left;
}

function readUnary(reader: Reader): Expression {
  const { kind, text, at } = reader.peek();
  if (kind !== "sign" || !["-", "!", "~", "*", "&", "--", "&&"].includes(text)) return readPrimary(reader);
  if (text === "--" || text === "&&") throw new WgslError(`${text} stands before nothing that it applies to`, at);
  reader.take();
  const operand = reader.nested(() => readUnary(reader));
  return made(reader, { kind: "unary", sign: text, operand, at, end: operand.end }, at);
}

function readPrimary(reader: Reader): Expression {
  const { kind, text, at, end } = reader.peek();
  if (kind === "number" || text === "true" || text === "false") {
    reader.take();
    return readPostfix(reader, { kind: "literal", text, at, end });
  }
  if (reader.accept("(")) {
    const inner = readExpression(reader);
    reader.expect(")");
    return readPostfix(reader, inner);
  }
  const name = readName(reader, "an expression");
  if (!reader.accept("(")) return readPostfix(reader, name);
  const values = readList(reader, ")");
  return readPostfix(reader, made(reader, { kind: "call", callee: name, values, at, end: reader.end() }, at));
}

/** What follows a value: `[index]` and `.member`, any number of times. */
export function readPostfix(reader: Reader, first: Expression): Expression {
  let base = first;
  for (;;) {
    const sign = reader.peek();
    if (reader.accept("[")) {
      const index = readExpression(reader);
      reader.expect("]");
      base = made(reader, { kind: "index", base, index, at: first.at, end: reader.end() }, sign.at);
    } else if (reader.accept(".")) {
      const member = reader.label("a member");
      base = made(reader, { kind: "member", base, member, at: first.at, end: member.end }, sign.at);
    } else return base;
  }
}

/** Expressions with commas between them, up to the bracket that closes the list; a trailing comma is allowed. */
export function readList(reader: Reader, close: ")"): Expression[] {
  const values: Expression[] = [];
  while (!reader.accept(close)) {
    values.push(readExpression(reader));
    if (reader.accept(",")) continue;
    reader.expect(close);
    break;
  }
  return values;
}

/** A name that is looked up, with its template list: a type, a variable or a function. */
export function readName(reader: Reader, what = "a type"): Name {
  const { name, at } = reader.label(what);
  const template: Expression[] = [];
  if (reader.acceptTemplate("<")) {
    do {
      if (reader.peek().kind === "template" && reader.peek().text === ">" && template.length > 0) break;
      template.push(readExpression(reader));
    } while (reader.accept(","));
    if (!reader.acceptTemplate(">")) throw reader.fail(">");
  }
  return made(reader, { kind: "name", name, template, at, end: reader.end() }, at);
}
