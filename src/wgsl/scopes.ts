import { WgslError } from "./error.ts";
import { dependenciesFirst } from "./order.ts";
import { type PredeclaredKind, predeclared } from "./predeclared.ts";
import type {
  Alias,
  Block,
  Expression,
  Field,
  FunctionDeclaration,
  Label,
  Module,
  Name,
  Statement,
  Struct,
  Variable,
} from "./tree.ts";
import { argumentsOf, expressionsIn, expressionsOf } from "./walk.ts";

/** What a text declares: in the module, or in a function (then a parameter or a variable). */
export interface Definition {
  readonly label: Label;
  readonly node: FunctionDeclaration | Struct | Alias | Variable | Field;
  readonly isModule: boolean;
}

/** What a name stands for. */
export type Meaning = Definition | { readonly predeclared: PredeclaredKind } | "unknown";

/** The meaning of every name of a text. */
export interface Scopes {
  /** Declarations of the module, by name. */
  readonly module: ReadonlyMap<string, Definition>;
  /** Every definition, in the module or not, in order. */
  readonly definitions: readonly Definition[];
  /** Every name that is looked up, in order. */
  readonly meanings: ReadonlyMap<Name, Meaning>;
  /** What each alias stands for in the end: the first name that is no alias. None for one that stands for itself. */
  readonly aliased: ReadonlyMap<Alias, Name>;
}

/** The definition that a name stands for, if the text has it. */
export function definitionOf({ meanings }: Scopes, name: Name): Definition | undefined {
  const meaning = meanings.get(name);
  return typeof meaning === "object" && "label" in meaning ? meaning : undefined;
}

/** The kind of the predeclared name that a name stands for, if it is one that the text does not declare anew. */
export function predeclaredKindOf({ meanings }: Scopes, name: Name): PredeclaredKind | undefined {
  const meaning = meanings.get(name);
  return typeof meaning === "object" && "predeclared" in meaning ? meaning.predeclared : undefined;
}

/**
 * Looks up every name. The order of declarations in the module does not matter, in a function it does; inner names
 * shadow outer ones, and the module's those of WGSL. Throws `WgslError` for two of one name in one scope.
 */
export function resolve(module: Module): Scopes {
  const definitions: Definition[] = [];
  const meanings = new Map<Name, Meaning>();
  const outermost = new Map<string, Definition>();
  /** The definitions of a name that are open, the innermost last, each with the depth of its scope. */
  const visible = new Map<string, { readonly definition: Definition; readonly depth: number }[]>();
  const scopes: string[][] = [[]]; // the names that each open scope defines

  const define = (label: Label, node: Definition["node"]) => {
    const depth = scopes.length;
    const open = visible.get(label.name) ?? [];
    if (open.at(-1)?.depth === depth) throw new WgslError(`${label.name} is declared twice in one scope`, label.at);
    const definition = { label, node, isModule: depth === 1 };
    open.push({ definition, depth });
    visible.set(label.name, open);
    scopes.at(-1)?.push(label.name);
    if (definition.isModule) outermost.set(label.name, definition);
    definitions.push(definition);
  };
  const meaningOf = (name: string): Meaning => {
    const found = visible.get(name)?.at(-1);
    if (found) return found.definition;
    const kind = predeclared.get(name);
    return kind ? { predeclared: kind } : "unknown";
  };
  const read = (expressions: readonly (Expression | undefined)[]) => {
    for (const expression of expressions) {
      if (!expression) continue;
      for (const inner of expressionsIn(expression))
        if (inner.kind === "name") meanings.set(inner, meaningOf(inner.name));
    }
  };
  const inside = (visit: () => void) => {
    scopes.push([]);
    visit();
    for (const name of scopes.pop() ?? []) visible.get(name)?.pop();
  };
  const visitAll = (statements: readonly Statement[]) => {
    for (const statement of statements) visit(statement);
  };
  const visitBlock = (block: Block | undefined) => inside(() => visitAll(block?.statements ?? []));
  const visit = (statement: Statement): void => {
    switch (statement.kind) {
      case "block":
        visitBlock(statement);
        break;
      case "if":
        read(expressionsOf(statement));
        for (const { body } of statement.branches) visitBlock(body);
        visitBlock(statement.otherwise);
        break;
      case "for":
        inside(() => {
          visitAll(statement.start ? [statement.start] : []);
          read([statement.condition]);
          visitAll(statement.update ? [statement.update] : []);
          visitBlock(statement.body);
        });
        break;
      case "loop":
        inside(() => {
          visitAll(statement.body.statements);
          inside(() => {
            visitAll(statement.continuing?.statements ?? []);
            read([statement.until]);
          });
        });
        break;
      case "while":
        read([statement.condition]);
        visitBlock(statement.body);
        break;
      case "switch":
        read(expressionsOf(statement));
        for (const { body } of statement.cases) visitBlock(body);
        break;
      default:
        read(expressionsOf(statement));
        if (statement.kind === "variable") define(statement.label, statement);
    }
  };

  for (const node of module.declarations) if (node.kind !== "assertion") define(node.label, node);
  for (const node of module.declarations) {
    if (node.kind === "alias") read([node.type]);
    else if (node.kind === "struct") {
      for (const { attributes, type } of node.members) read([...argumentsOf(attributes), type]);
    } else if (node.kind === "function") {
      read([...argumentsOf([...node.attributes, ...node.resultAttributes]), node.result]);
      inside(() => {
        for (const parameter of node.parameters) read([...argumentsOf(parameter.attributes), parameter.type]);
        for (const parameter of node.parameters) define(parameter.label, parameter);
        visitAll(node.body.statements); // in the scope of the parameters
      });
    } else read(expressionsOf(node));
  }
  return { module: outermost, definitions, meanings, aliased: aliasedIn(definitions, meanings) };
}

function aliasedIn(definitions: readonly Definition[], meanings: Scopes["meanings"]): Scopes["aliased"] {
  const aliases = definitions.flatMap(({ node }) => (node.kind === "alias" ? [node] : []));
  const next = ({ type }: Alias): Alias[] => {
    const meaning = meanings.get(type);
    return typeof meaning === "object" && "label" in meaning && meaning.node.kind === "alias" ? [meaning.node] : [];
  };
  const aliased = new Map<Alias, Name>();
  for (const alias of dependenciesFirst(aliases, next)) {
    const [other] = next(alias);
    const name = other ? aliased.get(other) : alias.type;
    if (name) aliased.set(alias, name);
  }
  return aliased;
}
