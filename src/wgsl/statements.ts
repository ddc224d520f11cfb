import { readExpression, readList, readName, readPostfix } from "./expressions.ts";
import type { Reader } from "./reader.ts";
import type { Assertion, Attribute, Block, Expression, For, If, Loop, Statement, Switch, Variable } from "./tree.ts";

const assignmentSigns = new Set(["=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="]);

/** Attributes whose arguments are keywords, not expressions. */
const wordAttributes = new Set(["builtin", "interpolate", "diagnostic"]);

/** Any number of attributes. */
export function readAttributes(reader: Reader): Attribute[] {
  const attributes: Attribute[] = [];
  for (let sign = reader.accept("@"); sign; sign = reader.accept("@")) {
    const { kind, text } = reader.peek();
    if (kind !== "word") throw reader.fail("an attribute");
    reader.take();
    let values: Expression[] | undefined;
    if (reader.accept("(")) {
      values = wordAttributes.has(text) ? [] : readList(reader, ")");
      if (wordAttributes.has(text)) skipWords(reader);
    }
    attributes.push({ name: text, values, at: sign.at, end: reader.end() });
  }
  return attributes;
}

function skipWords(reader: Reader): void {
  while (!reader.accept(")")) {
    const { kind, text } = reader.peek();
    if (kind !== "word" && text !== "," && text !== ".") throw reader.fail(")");
    reader.take();
  }
}

/** `const`, `let`, `override` or `var` up to its semicolon, which is not taken. */
export function readVariable(reader: Reader, attributes: readonly Attribute[] = []): Variable {
  const { text, at } = reader.take();
  const keyword = text as Variable["keyword"];
  const template: Expression[] = [];
  if (keyword === "var" && reader.acceptTemplate("<")) {
    do {
      if (reader.peek().kind === "template" && template.length > 0) break;
      template.push(readExpression(reader));
    } while (reader.accept(","));
    if (!reader.acceptTemplate(">")) throw reader.fail(">");
  }
  const label = reader.label("a name");
  const type = reader.accept(":") ? readName(reader) : undefined;
  const value = reader.accept("=") ? readExpression(reader) : undefined;
  if (!value && (keyword === "const" || keyword === "let")) throw reader.fail("=");
  if (!value && !type) throw reader.fail(":");
  return {
    kind: "variable",
    keyword,
    attributes,
    template,
    label,
    type,
    value,
    at: attributes[0]?.at ?? at,
    end: reader.end(),
  };
}

/** `const_assert condition`, without its semicolon. */
export function readAssertion(reader: Reader): Assertion {
  const { at } = reader.expect("const_assert");
  const condition = readExpression(reader);
  return { kind: "assertion", condition, at, end: reader.end() };
}

/** Statements in braces. */
export const readBlock = (reader: Reader): Block =>
  reader.nested(() => {
    const attributes = readAttributes(reader);
    const { at } = reader.expect("{");
    const statements: Statement[] = [];
    while (!reader.accept("}")) {
      const statement = readStatement(reader);
      if (statement) statements.push(statement);
    }
    return { kind: "block", attributes, statements, at, end: reader.end() };
  });

/** A statement; undefined for a lone semicolon. One with attributes is returned in a block that has them. */
function readStatement(reader: Reader): Statement | undefined {
  if (reader.accept(";")) return undefined;
  const attributes = readAttributes(reader);
  const statement = readCompound(reader) ?? (attributes.length > 0 ? undefined : readSimple(reader));
  if (!statement) throw reader.fail("a statement that has attributes");
  if (attributes.length === 0) return statement;
  return { kind: "block", attributes, statements: [statement], at: statement.at, end: statement.end };
}

/**
 * A statement that contains others; undefined where the next one does not. It counts as one level and its block as
 * another, as in Tint, whose limit is 127.
 */
function readCompound(reader: Reader): Statement | undefined {
  const { text, at } = reader.peek();
  switch (text) {
    case "{":
      return readBlock(reader);
    case "if":
      return reader.nested(() => readIf(reader));
    case "for":
      return reader.nested(() => readFor(reader));
    case "while":
      return reader.nested(() => {
        reader.take();
        const condition = readExpression(reader);
        return { kind: "while", condition, body: readBlock(reader), at, end: reader.end() };
      });
    case "loop":
      return reader.nested(() => readLoop(reader));
    case "switch":
      return reader.nested(() => readSwitch(reader));
    default:
      return undefined;
  }
}

function readFor(reader: Reader): For {
  const { at } = reader.expect("for");
  reader.expect("(");
  const start = reader.peek().text === ";" ? undefined : readShort(reader);
  reader.expect(";");
  const condition = reader.peek().text === ";" ? undefined : readExpression(reader);
  reader.expect(";");
  const update = reader.peek().text === ")" ? undefined : readShort(reader);
  reader.expect(")");
  return { kind: "for", start, condition, update, body: readBlock(reader), at, end: reader.end() };
}

function readSimple(reader: Reader): Statement {
  const { text, at } = reader.peek();
  switch (text) {
    case "return": {
      reader.take();
      const value = reader.peek().text === ";" ? undefined : readExpression(reader);
      reader.expect(";");
      return { kind: "return", value, at, end: reader.end() };
    }
    case "break":
    case "continue":
    case "discard":
      reader.take();
      reader.expect(";");
      return { kind: text, at, end: reader.end() };
    case "const_assert": {
      const assertion = readAssertion(reader);
      reader.expect(";");
      return assertion;
    }
    default: {
      const statement = readShort(reader);
      reader.expect(";");
      return statement;
    }
  }
}

/** A declaration, an assignment or a call, without a semicolon. */
function readShort(reader: Reader): Statement {
  const { text, at, end } = reader.peek();
  if (text === "var" || text === "let" || text === "const") return readVariable(reader);
  if (text === "_") {
    reader.take();
    const { text: sign } = reader.expect("=");
    const value = readExpression(reader);
    return { kind: "assignment", target: undefined, sign, value, at, end: value.end };
  }
  const target = readTarget(reader);
  const sign = reader.peek();
  if (sign.kind === "sign" && (sign.text === "++" || sign.text === "--")) {
    reader.take();
    return { kind: "assignment", target, sign: sign.text, value: undefined, at, end: sign.end };
  }
  if (sign.kind === "sign" && assignmentSigns.has(sign.text)) {
    reader.take();
    const value = readExpression(reader);
    return { kind: "assignment", target, sign: sign.text, value, at, end: value.end };
  }
  if (target.kind === "call") return { kind: "call-statement", call: target, at, end: Math.max(end, target.end) };
  throw reader.fail("an assignment");
}

/** The target of an assignment, or a call. */
function readTarget(reader: Reader): Expression {
  const { kind, text, at } = reader.peek();
  if (kind === "sign" && (text === "*" || text === "&")) {
    reader.take();
    const operand = reader.nested(() => readTarget(reader));
    return { kind: "unary", sign: text, operand, at, end: operand.end };
  }
  if (reader.accept("(")) {
    const inner = reader.nested(() => readTarget(reader));
    reader.expect(")");
    return readPostfix(reader, inner);
  }
  const name = readName(reader, "a statement");
  if (!reader.accept("(")) return readPostfix(reader, name);
  const values = readList(reader, ")");
  return { kind: "call", callee: name, values, at, end: reader.end() };
}

function readIf(reader: Reader): If {
  const { at } = reader.expect("if");
  const branches: { condition: Expression; body: Block }[] = [];
  let otherwise: Block | undefined;
  const readBranch = () => {
    branches.push({ condition: readExpression(reader), body: readBlock(reader) });
    if (!reader.accept("else")) return;
    if (reader.accept("if"))
      reader.nested(readBranch); // as deep as `else { if`
    else otherwise = readBlock(reader);
  };
  readBranch();
  return { kind: "if", branches, otherwise, at, end: reader.end() };
}

function readLoop(reader: Reader): Loop {
  const { at } = reader.expect("loop");
  const attributes = readAttributes(reader);
  const open = reader.expect("{");
  const statements: Statement[] = [];
  let continuing: Block | undefined;
  let until: Expression | undefined;
  reader.nested(() => {
    while (!reader.accept("}")) {
      if (reader.accept("continuing")) {
        const inner: Statement[] = [];
        const inside = readAttributes(reader);
        const begin = reader.expect("{");
        while (!reader.accept("}")) {
          if (reader.peek().text === "break" && reader.peek(1).text === "if") {
            reader.take();
            reader.take();
            until = readExpression(reader);
            reader.expect(";");
            reader.expect("}");
            break;
          }
          const statement = readStatement(reader);
          if (statement) inner.push(statement);
        }
        continuing = { kind: "block", attributes: inside, statements: inner, at: begin.at, end: reader.end() };
        reader.expect("}");
        return;
      }
      const statement = readStatement(reader);
      if (statement) statements.push(statement);
    }
  });
  const body: Block = { kind: "block", attributes, statements, at: open.at, end: reader.end() };
  return { kind: "loop", body, continuing, until, at, end: reader.end() };
}

function readSwitch(reader: Reader): Switch | Block {
  const { at } = reader.expect("switch");
  const value = readExpression(reader);
  const attributes = readAttributes(reader);
  reader.expect("{");
  const cases: { values: (Expression | undefined)[]; body: Block }[] = [];
  const readCase = () => {
    const values: (Expression | undefined)[] = [];
    if (reader.accept("default")) values.push(undefined);
    else {
      reader.expect("case");
      do {
        if (reader.peek().text === ":" || reader.peek().text === "{") break;
        values.push(reader.accept("default") ? undefined : readExpression(reader));
      } while (reader.accept(","));
      if (values.length === 0) throw reader.fail("a value");
    }
    reader.accept(":");
    cases.push({ values, body: readBlock(reader) });
  };
  while (!reader.accept("}")) reader.nested(readCase);
  const whole: Switch = { kind: "switch", value, cases, at, end: reader.end() };
  return attributes.length === 0 ? whole : { kind: "block", attributes, statements: [whole], at, end: reader.end() };
}
