import { readName } from "./expressions.ts";
import { type Reader, readerOf } from "./reader.ts";
import { readAssertion, readAttributes, readBlock, readVariable } from "./statements.ts";
import { checkBrackets, type Token, tokensOf } from "./tokens.ts";
import type { Attribute, Declaration, Directive, Field, FunctionDeclaration, Module, Struct } from "./tree.ts";

/** The syntax tree of a WGSL text. Throws `WgslError` where it breaks WGSL's grammar. */
export const parse = (code: string): Module => parseTokens(tokensOf(code));

/** The syntax tree of a WGSL text's tokens. Throws as `parse` does. */
export function parseTokens(tokens: readonly Token[]): Module {
  checkBrackets(tokens);
  const reader = readerOf(tokens);
  const directives: Directive[] = [];
  const declarations: Declaration[] = [];
  let isPastDirectives = false;
  for (;;) {
    const { kind, text, at } = reader.peek();
    if (kind === "end") return { directives, declarations };
    if (reader.accept(";")) {
      isPastDirectives = true;
      continue;
    }
    if (text === "enable" || text === "requires" || text === "diagnostic") {
      if (isPastDirectives) throw reader.fail("a declaration, as directives come first,");
      while (reader.peek().text !== ";") {
        if (reader.peek().kind === "end" || /[{}=]/.test(reader.peek().text)) throw reader.fail(";");
        reader.take();
      }
      reader.expect(";");
      directives.push({ keyword: text, at, end: reader.end() });
      continue;
    }
    declarations.push(readDeclaration(reader));
    isPastDirectives = true;
  }
}

function readDeclaration(reader: Reader): Declaration {
  const attributes = readAttributes(reader);
  const { text, at } = reader.peek();
  if (attributes.length > 0 && ["struct", "alias", "const_assert"].includes(text))
    throw reader.fail("a declaration that has attributes");
  switch (text) {
    case "fn":
      return readFunction(reader, attributes);
    case "struct":
      return readStruct(reader);
    case "alias": {
      reader.take();
      const label = reader.label("a name");
      reader.expect("=");
      const type = readName(reader);
      reader.expect(";");
      return { kind: "alias", label, type, at, end: reader.end() };
    }
    case "const_assert": {
      const assertion = readAssertion(reader);
      reader.expect(";");
      return assertion;
    }
    case "const":
    case "override":
    case "var": {
      const variable = readVariable(reader, attributes);
      reader.expect(";");
      return variable;
    }
    default:
      throw reader.fail("a declaration");
  }
}

function readFunction(reader: Reader, attributes: readonly Attribute[]): FunctionDeclaration {
  const { at } = reader.expect("fn");
  const label = reader.label("a name");
  reader.expect("(");
  const parameters = readFields(reader, ")");
  const resultAttributes: Attribute[] = [];
  let result: FunctionDeclaration["result"];
  if (reader.accept("->")) {
    resultAttributes.push(...readAttributes(reader));
    result = readName(reader);
  }
  const body = readBlock(reader);
  return { kind: "function", attributes, label, parameters, resultAttributes, result, body, at, end: body.end };
}

function readStruct(reader: Reader): Struct {
  const { at } = reader.expect("struct");
  const label = reader.label("a name");
  const open = reader.expect("{");
  const members = readFields(reader, "}");
  const inside = { at: open.end, end: reader.end() - 1 };
  reader.accept(";");
  return { kind: "struct", label, members, inside, at, end: reader.end() };
}

/** `name: type` with commas between them, up to the bracket that closes the list. */
function readFields(reader: Reader, close: ")" | "}"): Field[] {
  const fields: Field[] = [];
  while (!reader.accept(close)) {
    const attributes = readAttributes(reader);
    const label = reader.label("a name");
    reader.expect(":");
    const type = readName(reader);
    fields.push({ kind: "field", attributes, label, type, at: attributes[0]?.at ?? label.at, end: reader.end() });
    if (reader.accept(",")) continue;
    reader.expect(close);
    break;
  }
  return fields;
}
