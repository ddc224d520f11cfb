import { WgslError } from "./error.ts";
import { dependenciesFirst } from "./order.ts";
import type { Alias, Expression, Module, Name, Struct } from "./tree.ts";
import { expressionsIn, insideOf } from "./walk.ts";

/** Maximum depth of nested structs, arrays and aliases. Tint's limit is 255 structs and arrays, naga's is higher. */
const deepest = 250;

/** Throws `WgslError` for a struct or an alias whose type is too deep, or contains itself. */
export function checkTypeDepths({ declarations }: Module): void {
  const types = declarations.filter((one) => one.kind === "struct" || one.kind === "alias");
  const byName = new Map(types.map((one) => [one.label.name, one]));
  const namesIn = (one: Struct | Alias): readonly Name[] =>
    one.kind === "alias" ? [one.type] : one.members.map(({ type }) => type);
  const inside = (one: Struct | Alias) =>
    namesIn(one).flatMap((type) =>
      [...expressionsIn(type)].flatMap((inner) => (inner.kind === "name" ? (byName.get(inner.name) ?? []) : [])),
    );
  const depths = new Map<Struct | Alias, number>();
  const depthOf = (type: Expression): number => {
    const declared = type.kind === "name" ? byName.get(type.name) : undefined;
    const own = declared ? (depths.get(declared) ?? 0) : 0;
    return 1 + insideOf(type).reduce((most, inner) => Math.max(most, depthOf(inner)), own);
  };
  const order = dependenciesFirst(types, inside, ([one]) => {
    if (one) throw new WgslError(`${one.label.name} is declared by itself`, one.label.at);
  });
  for (const one of order) {
    const depth = namesIn(one).reduce((most, type) => Math.max(most, depthOf(type)), 0);
    if (depth > deepest) {
      throw new WgslError(`${one.label.name} nests more than ${deepest} types`, one.label.at);
    }
    depths.set(one, depth);
  }
}
