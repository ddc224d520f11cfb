// The rules for a user's WGSL: it reads only its inputs, writes only its own variables, and ends. The driver decides
// whether it compiles; these rules are in addition.

import { elementType } from "../../../gpu/shader/type-size.ts";
import { typeName, wholeNumber } from "../../../wgsl/constants.ts";
import { WgslError } from "../../../wgsl/error.ts";
import { definitionOf, predeclaredKindOf } from "../../../wgsl/scopes.ts";
import type {
  Attribute,
  Declaration,
  Expression,
  FunctionDeclaration,
  Name,
  Statement,
  Variable,
} from "../../../wgsl/tree.ts";
import { allStatements, expressionsIn, expressionsOf } from "../../../wgsl/walk.ts";
import { rootOf } from "./loops.ts";
import { type OwnText, plainType, written } from "./text.ts";

/** A function that the engine calls, by its signature. */
export interface Signature {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly result: string;
}

const barrier = "a barrier needs all threads of a workgroup, and not all of them reach this point";
const otherThreads = "it involves other threads, and not all of them reach this point";
const pointers = "pointers are not allowed: a text receives its arguments and returns its result";

/** Throws `WgslError` for a text that breaks a rule, with the position. */
export function checkText(text: OwnText): void {
  for (const { keyword, at } of text.module.directives) {
    throw new WgslError(`${keyword} is for kernels, not for texts that are joined with them`, at);
  }
  for (const declaration of text.module.declarations) checkDeclaration(text, declaration);
  checkNames(text);
}

function checkDeclaration(text: OwnText, declaration: Declaration): void {
  switch (declaration.kind) {
    case "variable":
      if (declaration.keyword === "override") {
        throw new WgslError("override is not used: declare a const, or a field of a uniform", declaration.at);
      }
      if (declaration.keyword === "var") checkResource(text, declaration);
      checkAttributes(declaration.attributes, declaration.keyword === "var" ? ["group", "binding"] : []);
      for (const inner of expressionsOf(declaration)) checkExpression(text, inner);
      break;
    case "struct":
      for (const { attributes, type } of declaration.members) {
        checkAttributes(attributes, []);
        checkExpression(text, type);
      }
      break;
    case "function":
      checkFunction(text, declaration);
      break;
    case "alias":
      checkExpression(text, declaration.type);
      break;
    case "assertion":
      checkExpression(text, declaration.condition);
  }
}

function checkFunction(text: OwnText, { attributes, parameters, resultAttributes, result, body }: FunctionDeclaration) {
  checkAttributes(attributes, ["must_use"]);
  checkAttributes(resultAttributes, []);
  for (const parameter of parameters) {
    checkAttributes(parameter.attributes, []);
    checkExpression(text, parameter.type);
  }
  if (result) checkExpression(text, result);
  for (const statement of allStatements(body)) checkStatement(text, statement);
}

function checkStatement(text: OwnText, statement: Statement): void {
  switch (statement.kind) {
    case "while":
    case "loop":
      throw new WgslError(`${statement.kind} has no constant bound; count with for`, statement.at);
    case "discard":
      throw new WgslError("discard is for fragment shaders", statement.at);
    case "variable":
      checkAttributes(statement.attributes, []);
      for (const space of statement.template) {
        if (written(text, space) === "function") continue;
        throw new WgslError(`var<${written(text, space)}> in a function, which has var alone`, statement.at);
      }
      break;
    case "block":
      checkAttributes(statement.attributes, []);
      break;
    case "assignment":
      if (statement.target) checkTarget(text, statement.target);
  }
  for (const inner of expressionsOf(statement)) checkExpression(text, inner);
}

/** An assignment changes a variable of the function, and nothing else. */
function checkTarget({ scopes }: OwnText, target: Expression): void {
  const root = rootOf(target);
  if (root.kind === "unary") throw new WgslError(pointers, root.at);
  if (root.kind !== "name") throw new WgslError("an assignment to something that is not a variable", root.at);
  const definition = definitionOf(scopes, root);
  if (!definition && scopes.meanings.get(root) === "unknown") return; // reported as such
  const { node } = definition ?? {};
  if (node?.kind === "variable" && node.keyword === "var" && !definition?.isModule) return;
  throw new WgslError(`${root.name} is assigned to, but is not a variable of the function`, root.at);
}

function checkExpression(text: OwnText, expression: Expression): void {
  const lengths = new Set<Expression>(); // &buffer in arrayLength(&buffer), which is no pointer that is kept
  for (const inner of expressionsIn(expression)) {
    if (inner.kind === "call" && predeclaredKindOf(text.scopes, inner.callee) === "length") {
      const [given] = inner.values;
      if (given?.kind === "unary" && given.sign === "&" && isBuffer(text, given.operand)) lengths.add(given);
    }
    if (inner.kind !== "unary" || lengths.has(inner)) continue;
    if (inner.sign === "&" || inner.sign === "*") throw new WgslError(pointers, inner.at);
  }
}

const isBuffer = ({ scopes }: OwnText, expression: Expression): boolean =>
  expression.kind === "name" && definitionOf(scopes, expression)?.isModule === true;

const scalarTypes = new Set(["bool", "f16", "f32", "i32", "u32"]);

/** Checks the template list of a type: a type of numbers for vectors and matrices, a type and a length for arrays. */
function checkTemplate({ scopes }: OwnText, { name, template, at }: Name): void {
  const most = name === "array" ? 2 : /^(?:vec[234]|mat[234]x[234])$/.test(name) ? 1 : 0;
  if (template.length > most) {
    throw new WgslError(`${name} with ${template.length} template arguments, expected at most ${most}`, at);
  }
  const [inner] = template;
  if (inner === undefined || (name === "array" && inner.kind === "name")) return;
  const type = inner.kind === "name" ? typeName(scopes, inner) : undefined;
  if (type !== undefined && scalarTypes.has(type)) return;
  throw new WgslError(`${name} needs ${name === "array" ? "a type" : "a number or boolean type"} here`, inner.at);
}

/** Every name is declared by the text, or is a name of WGSL's that is allowed here. */
function checkNames(text: OwnText): void {
  const { scopes } = text;
  for (const [name, meaning] of scopes.meanings) {
    if (meaning === "unknown") {
      throw new WgslError(
        `there is no ${name.name} here; a text may use what it declares, its parameters and what WGSL has`,
        name.at,
      );
    }
    if ("label" in meaning) continue;
    if (meaning.predeclared === "type") checkTemplate(text, name);
    const reason = reasonAgainst(name, meaning.predeclared);
    if (reason !== undefined) throw new WgslError(`${name.name}: ${reason}`, name.at);
  }
}

function reasonAgainst({ name }: Name, kind: NonNullable<ReturnType<typeof predeclaredKindOf>>): string | undefined {
  switch (kind) {
    case "together":
      return /Barrier$|UniformLoad$/.test(name) ? barrier : otherThreads;
    case "atomic":
      return name === "ptr" ? pointers : "atomics change memory; a text may read its inputs, and keep nothing";
    case "texture":
      return "textures are not allowed, expected var<storage, read> or var<uniform>";
    default:
      return undefined;
  }
}

function checkAttributes(attributes: readonly Attribute[], allowed: readonly string[]): void {
  for (const { name, at } of attributes) {
    if (/^(compute|vertex|fragment|workgroup_size)$/.test(name)) {
      throw new WgslError(`@${name} declares an entry point; the kernel has one`, at);
    }
    if (!allowed.includes(name)) throw new WgslError(`@${name} is not used here`, at);
  }
}

/** A variable of the module: storage that is read, or a uniform, in group 2. */
function checkResource(text: OwnText, { template, attributes, at, label, type }: Variable): void {
  for (const one of template) {
    if (one.kind !== "name" || !definitionOf(text.scopes, one)) continue;
    throw new WgslError(
      `${one.name} is declared by the text, but WGSL's own is expected here; give yours another name`,
      one.at,
    );
  }
  const [space, access] = template.map((one) => written(text, one));
  if (space === "workgroup" || space === "private") {
    throw new WgslError(`var<${space}> is not allowed: functions may read their inputs, and keep nothing`, at);
  }
  if (space === "storage" && access !== undefined && access !== "read") {
    throw new WgslError(`storage with access ${access}: texts joined with a kernel may only read`, at);
  }
  if (space !== "storage" && space !== "uniform") {
    throw new WgslError("a variable of the module, expected var<storage, read> or var<uniform>", at);
  }
  const [group, ...others] = attributes.filter(({ name }) => name === "group");
  const bindings = attributes.filter(({ name }) => name === "binding");
  if (!group || others.length > 0 || bindings.length !== 1) {
    throw new WgslError("a resource without its group, 2, and binding right before it", at);
  }
  if (space === "storage" && type && !elementType(plainType(text, type))) {
    throw new WgslError(
      `${label.name} is ${plainType(text, type)}, expected an array without a length of f32, u32, i32, f16 or vectors of them`,
      type.at,
    );
  }
  const [value] = group.values ?? [];
  if (!value || wholeNumber(text.evaluate(value)) !== 2) {
    throw new WgslError(`group ${value ? written(text, value) : ""}, expected 2: the others are the kernel's`, at);
  }
}

/** True if a text defines a function that the engine calls. Throws `WgslError` for one with another signature. */
export function defines(text: OwnText, { name, parameters, result }: Signature): boolean {
  const definition = text.scopes.module.get(name);
  if (!definition) return false;
  const { node, label } = definition;
  const expected = `${name}(${parameters.join(", ")}) -> ${result}`;
  if (node.kind !== "function") throw new WgslError(`${name} is not a function, expected ${expected}`, label.at);
  const types = node.parameters.map(({ type }) => plainType(text, type));
  const own = `${name}(${types.join(", ")}) -> ${node.result ? plainType(text, node.result) : ""}`;
  if (own !== expected) throw new WgslError(`${own}, expected ${expected}`, label.at);
  return true;
}
