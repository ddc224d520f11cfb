import type { Definition, Scopes } from "./scopes.ts";
import type { Block, Module, Statement } from "./tree.ts";

/**
 * What names stand for at a place of the text, in characters from its start: definitions of the module and those of the
 * function around it that are complete there and whose scope it is in. What an inner one hides is left out; the
 * innermost and latest come first.
 */
export function visibleAt(module: Module, { definitions }: Scopes, at: number): ReadonlyMap<string, Definition> {
  const own = new Set<Definition["node"]>();
  for (const node of module.declarations) {
    if (node.kind !== "function" || at < node.at || at >= node.end) continue;
    for (const parameter of node.parameters) own.add(parameter);
    visit(node.body.statements);
  }

  function visit(statements: readonly Statement[]): void {
    for (const statement of statements) {
      if (statement.at >= at) return;
      if (statement.kind === "variable" && statement.end <= at) own.add(statement);
      else if (at < statement.end) visitInside(statement);
    }
  }

  function visitBlock(block: Block | undefined): void {
    if (block && at >= block.at && at < block.end) visit(block.statements);
  }

  function visitInside(statement: Statement): void {
    switch (statement.kind) {
      case "block":
        visit(statement.statements);
        break;
      case "if":
        for (const { body } of statement.branches) visitBlock(body);
        visitBlock(statement.otherwise);
        break;
      case "for":
        if (statement.start) visit([statement.start]);
        visitBlock(statement.body);
        break;
      case "while":
        visitBlock(statement.body);
        break;
      case "loop":
        visit(statement.body.statements);
        visitBlock(statement.continuing);
        break;
      case "switch":
        for (const { body } of statement.cases) visitBlock(body);
    }
  }

  const visible = new Map<string, Definition>();
  const add = (definition: Definition) => {
    if (!visible.has(definition.label.name)) visible.set(definition.label.name, definition);
  };
  for (const definition of definitions.toReversed()) if (own.has(definition.node)) add(definition);
  for (const definition of definitions) if (definition.isModule) add(definition);
  return visible;
}
