import { dependenciesFirst } from "../../order.ts";
import { parse } from "../../parse.ts";
import { type Definition, definitionOf, resolve, type Scopes } from "../../scopes.ts";
import type {
  Variable as Declaration,
  FunctionDeclaration,
  Module,
  Name,
  Statement as Node,
  Expression as Syntax,
} from "../../tree.ts";
import { checkTypeDepths } from "../../type-depths.ts";
import { allStatements, expressionsIn, expressionsOf } from "../../walk.ts";
import type { EntryPoint, Expression, Program, UserFunction, Variable } from "../program.ts";
import { bool, i32, type Space, scalarOf, u32 } from "../types.ts";
import { type Context, fail } from "./context.ts";
import { entryPointOf } from "./entry-points.ts";
import { valueIn } from "./expressions.ts";
import { constant, convert, converted } from "./fold.ts";
import { scopeAt } from "./scope-at.ts";
import { assertTrue, declared, statementsIn } from "./statements.ts";
import { numberOf, typeReader } from "./type-names.ts";

const knownFeatures = new Set(["f16", "subgroups", "subgroup_size_control"]);

/**
 * Checks a text and resolves all of it: names, types, conversions, constants. `constants` are values for `override`
 * declarations, by name. What is not of compute shaders (textures, other stages) is refused by its name.
 *
 * @throws WgslError where the text breaks a rule of WGSL that is checked here. Browsers check more of them, such as
 * uniform control flow.
 */
export function checkProgram(code: string, constants: Readonly<Record<string, number>> = {}): Program {
  const module = parse(code);
  checkTypeDepths(module);
  const scopes = resolve(module);
  const features = featuresOf(code, module);
  const meanings = new Map<Definition["node"], Expression | Variable>();
  const functions = new Map<FunctionDeclaration, UserFunction>();
  const open = new Set<Definition["node"]>();
  let uses = new Set<Variable>();

  const wholeNumber = (node: Syntax, what: string): number => {
    const value = valueIn(context, node);
    const number = converted(value, i32) ?? converted(value, u32);
    if (number?.kind !== "constant") throw fail(`${what} is no constant whole number`, node);
    return number.value[0] ?? 0;
  };
  const typeOf = typeReader(scopes, features, wholeNumber);
  const context: Context = { scopes, features, typeOf, wholeNumber, meaningOf, functionOf };

  function meaningOf({ node, isModule }: Definition): Expression | Variable | undefined {
    const known = meanings.get(node);
    const meaning = known ?? (node.kind === "variable" && isModule ? moduleVariable(node) : undefined);
    if (isModule && meaning && !("kind" in meaning)) uses.add(meaning);
    return meaning;
  }

  function moduleVariable(node: Declaration): Expression | Variable {
    if (open.has(node)) throw fail(`${node.label.name} is declared by itself`, node.label);
    open.add(node);
    const meaning = node.keyword === "var" ? variableOf(context, node) : constantOf(context, node, constants);
    meanings.set(node, meaning);
    return meaning;
  }

  function functionOf(node: FunctionDeclaration): UserFunction {
    const known = functions.get(node);
    if (known) {
      for (const variable of known.uses) uses.add(variable);
      return known;
    }
    const outer = uses;
    uses = new Set();
    const made = readFunction(context, node, meanings, uses);
    functions.set(node, made);
    for (const variable of uses) outer.add(variable);
    uses = outer;
    return made;
  }

  const entryPoints = new Map<string, EntryPoint>();
  for (const node of constantsFirst(module, scopes)) moduleVariable(node);
  for (const node of module.declarations) {
    const isVariable = node.kind === "variable" && node.keyword === "var";
    if (isVariable && !meanings.has(node)) moduleVariable(node);
  }
  for (const node of calleesFirst(module, scopes)) functionOf(node);
  for (const node of module.declarations) {
    if (node.kind === "assertion") assertTrue(context, node);
    else if (node.kind === "function" && node.attributes.some(({ name }) => name === "compute")) {
      entryPoints.set(node.label.name, entryPointOf(context, node, functionOf(node), code));
    }
  }
  const variables = [...meanings.values()].filter((one): one is Variable => !("kind" in one));
  const resources = variables.filter(({ binding }) => binding !== undefined);
  return { entryPoints, features, resources, scopeAt: (at) => scopeAt(context, module, at) };
}

function featuresOf(code: string, { directives }: Module): Set<string> {
  const names = directives.flatMap(({ keyword, at, end }) => {
    if (keyword !== "enable") return [];
    const words = code
      .slice(at, end)
      .replace(/^enable|;$/g, "")
      .split(",");
    for (const word of words.map((one) => one.trim())) {
      if (word !== "" && !knownFeatures.has(word)) throw fail(`enable ${word} is not run here`, { at, end });
    }
    return words.map((one) => one.trim());
  });
  if (names.includes("subgroup_size_control")) names.push("subgroups");
  return new Set(names.filter((name) => name !== ""));
}

/** Constants of the module, each after those that it names. */
function constantsFirst({ declarations }: Module, scopes: Scopes): readonly Declaration[] {
  const nodes = declarations.filter((one): one is Declaration => one.kind === "variable" && one.keyword !== "var");
  return dependenciesFirst(nodes, ({ value }) =>
    value ? namesIn(value).flatMap((name) => declarationOf(scopes, name)) : [],
  );
}

const namesIn = (value: Syntax): Name[] => [...expressionsIn(value)].filter((one): one is Name => one.kind === "name");

function declarationOf(scopes: Scopes, name: Name): readonly Declaration[] {
  const definition = definitionOf(scopes, name);
  return definition?.isModule && definition.node.kind === "variable" && definition.node.keyword !== "var"
    ? [definition.node]
    : [];
}

/** Functions, each after those that it calls. Throws for one that calls itself. */
function calleesFirst({ declarations }: Module, scopes: Scopes): readonly FunctionDeclaration[] {
  const nodes = declarations.filter((one): one is FunctionDeclaration => one.kind === "function");
  const calledBy = ({ body }: FunctionDeclaration) =>
    [...allStatements(body)].flatMap((statement: Node) =>
      expressionsOf(statement).flatMap((expression) =>
        namesIn(expression).flatMap((name) => {
          const node = definitionOf(scopes, name)?.node;
          return node?.kind === "function" ? [node] : [];
        }),
      ),
    );
  return dependenciesFirst(nodes, calledBy, ([first]) => {
    if (first) throw fail(`${first.label.name} calls itself`, first.label);
  });
}

function constantOf(context: Context, node: Declaration, given: Readonly<Record<string, number>>): Expression {
  const { name } = node.label;
  const own = node.keyword === "override" ? given[name] : undefined;
  if (own !== undefined) {
    const type = node.type && context.typeOf(node.type);
    const scalar = type ?? declared(context, node).type;
    return convert(constant(scalarOf(scalar) === bool ? bool : scalar, [own], node), scalar, node);
  }
  if (!node.value) throw fail(`${name} has no value`, node);
  const { value } = declared(context, node);
  if (value?.kind !== "constant") throw fail(`${name} is no constant`, node.value);
  return value;
}

const spaces: readonly string[] = ["private", "workgroup", "storage", "uniform"];

function variableOf(context: Context, node: Declaration): Variable {
  const [word, access] = node.template.map((one) => (one.kind === "name" ? one.name : ""));
  const { type, value } = declared(context, node);
  if (word === undefined || !spaces.includes(word)) {
    throw fail(`${node.label.name} is in no address space that is run here`, node.label);
  }
  const space = word as Space;
  const isResource = space === "storage" || space === "uniform";
  const number = (what: string) => numberOf(node.attributes, what, context.wholeNumber);
  const [group, binding] = [number("group"), number("binding")];
  if (isResource && (group === undefined || binding === undefined)) {
    throw fail(`${node.label.name} needs @group and @binding`, node.label);
  }
  if (value && (space !== "private" || value.kind !== "constant")) throw fail("an initial value here", node);
  return {
    name: node.label.name,
    type,
    space,
    writable: space === "storage" ? access === "read_write" : space !== "uniform",
    binding: isResource ? { group: group ?? 0, binding: binding ?? 0 } : undefined,
    initial: value?.kind === "constant" ? value.value : undefined,
    span: { at: node.label.at, end: node.label.end },
  };
}

function readFunction(
  context: Context,
  node: FunctionDeclaration,
  meanings: Map<Definition["node"], Expression | Variable>,
  uses: ReadonlySet<Variable>,
): UserFunction {
  const parameters = node.parameters.map((field): Variable => {
    const type = context.typeOf(field.type);
    if (!type) throw fail(`${field.type.name} is no type`, field.type);
    const { at, end } = field.label;
    const variable: Variable = {
      name: field.label.name,
      type,
      space: undefined,
      writable: false,
      binding: undefined,
      initial: undefined,
      span: { at, end },
    };
    meanings.set(field, variable);
    return variable;
  });
  const result = node.result && context.typeOf(node.result);
  if (node.result && !result) throw fail(`${node.result.name} is no type`, node.result);
  const body = statementsIn(
    { context, declare: (one, meaning) => meanings.set(one, meaning), result, loops: 0, breakable: 0 },
    node.body,
  );
  const { at, end } = node.label;
  const close = { at: node.body.end - 1, end: node.body.end };
  return { name: node.label.name, parameters, result, body, uses, span: { at, end }, close };
}
