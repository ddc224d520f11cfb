import { dependenciesFirst } from "../../order.ts";
import { parse } from "../../parse.ts";
import { type Definition, definitionOf, predeclaredKindOf, resolve, type Scopes } from "../../scopes.ts";
import type {
  Alias,
  Variable as Declaration,
  FunctionDeclaration,
  Module,
  Name,
  Expression as Syntax,
} from "../../tree.ts";
import { checkTypeDepths } from "../../type-depths.ts";
import { expressionsIn } from "../../walk.ts";
import type { EntryPoint, Expression, Program, UserFunction, Variable } from "../program.ts";
import { i32, u32 } from "../types.ts";
import { type Context, checkNoOverride, fail, type WholeNumber } from "./context.ts";
import { entryPointOf } from "./entry-points.ts";
import { valueIn } from "./expressions.ts";
import { converted } from "./fold.ts";
import { readFunction } from "./functions.ts";
import { checkIds, constantOf, variableOf } from "./module-variables.ts";
import { withValues } from "./refusals.ts";
import { checkAliases } from "./rules/aliases.ts";
import { checkAttributes, stageOf } from "./rules/attributes.ts";
import { featuresOf } from "./rules/directives.ts";
import { severitiesIn } from "./rules/severities.ts";
import { scopeAt } from "./scope-at.ts";
import { assertTrue } from "./statements.ts";
import { typeReader } from "./type-names.ts";

/**
 * Checks a text and resolves all of it: names, types, conversions, constants. `constants` are values for `override`
 * declarations, by name. What is not of compute shaders (textures, other stages) is refused by its name.
 *
 * @throws WgslError where the text breaks a rule of WGSL that is checked here. What browsers refuse because control
 * flow may not be uniform is taken: `uniformityOf` finds it.
 */
export function checkProgram(code: string, constants: Readonly<Record<string, number>> = {}): Program {
  const module = parse(code);
  checkTypeDepths(module);
  const scopes = resolve(module);
  const features = featuresOf(code, module.directives);
  const meanings = new Map<Definition["node"], Expression | Variable>();
  const functions = new Map<FunctionDeclaration, UserFunction>();
  const open = new Set<Definition["node"]>();
  let uses = new Set<Variable>();

  const wholeNumber: WholeNumber = (node, what, mayBeOverride = false) => {
    if (!mayBeOverride) checkNoOverride(context, node, what);
    const value = withValues(() => valueIn(context, node));
    const number = converted(value, i32) ?? converted(value, u32);
    if (number?.kind !== "constant") throw fail(`${what} is no constant whole number`, node);
    return number.value[0] ?? 0;
  };
  const { typeOf, workgroupTypeOf, structTypeOf } = typeReader(scopes, features, wholeNumber);
  const context: Context = { scopes, features, typeOf, workgroupTypeOf, wholeNumber, meaningOf, functionOf };

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
    const made = readFunction(context, node, (one, meaning) => meanings.set(one, meaning), uses);
    checkAliases(made);
    functions.set(node, made);
    for (const variable of uses) outer.add(variable);
    uses = outer;
    return made;
  }

  const entryPoints = new Map<string, EntryPoint>();
  const constantNodes = constantsFirst(module, scopes);
  for (const node of constantNodes) moduleVariable(node);
  checkIds(context, constantNodes);
  for (const node of module.declarations) {
    const isVariable = node.kind === "variable" && node.keyword === "var";
    if (isVariable && !meanings.has(node)) moduleVariable(node);
    if (node.kind === "struct") structTypeOf(node);
    if (node.kind === "alias") checkAlias(scopes, node, workgroupTypeOf);
  }
  checkAttributes(context, module, code);
  for (const node of calleesFirst(module, scopes)) functionOf(node);
  for (const node of module.declarations) {
    if (node.kind === "assertion") assertTrue(context, node);
    else if (node.kind === "function" && stageOf(node) === "compute") {
      entryPoints.set(node.label.name, entryPointOf(context, node, functionOf(node), code));
    }
  }
  const variables = [...meanings.values()].filter((one): one is Variable => !("kind" in one));
  const resources = variables.filter(({ binding }) => binding !== undefined);
  const severityAt = severitiesIn(code, module);
  return { entryPoints, features, resources, severityAt, scopeAt: (at) => scopeAt(context, module, at) };
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

/** Throws for an alias of what is no type. Textures and samplers are refused where they are used. */
function checkAlias(scopes: Scopes, node: Alias, typeOf: Context["typeOf"]): void {
  const name = scopes.aliased.get(node) ?? node.type;
  if (predeclaredKindOf(scopes, name) !== "texture" && !typeOf(node.type))
    throw fail(`${node.type.name} is no type`, node.type);
}

/** Functions, each after those that it calls. Throws for one that calls itself. */
function calleesFirst({ declarations }: Module, scopes: Scopes): readonly FunctionDeclaration[] {
  const nodes = declarations.filter((one): one is FunctionDeclaration => one.kind === "function");
  const callees = new Map(nodes.map((node): [FunctionDeclaration, FunctionDeclaration[]] => [node, []]));
  let i = 0;
  // Names come function by function, as the text has them.
  for (const name of scopes.meanings.keys()) {
    while (name.at >= (nodes[i]?.end ?? Number.POSITIVE_INFINITY)) i++;
    const caller = nodes[i];
    const node = definitionOf(scopes, name)?.node;
    if (caller && name.at > caller.at && node?.kind === "function") callees.get(caller)?.push(node);
  }
  return dependenciesFirst(
    nodes,
    (node) => callees.get(node) ?? [],
    ([first]) => {
      if (first) throw fail(`${first.label.name} calls itself`, first.label);
    },
  );
}
