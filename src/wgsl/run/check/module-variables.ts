// What a text declares in its module: constants, overrides, and variables.
import type { Variable as Declaration } from "../../tree.ts";
import type { Expression, Variable } from "../program.ts";
import { bool, type Space, scalarOf, type Type } from "../types.ts";
import { type Context, checkNoOverride, enumerantOf, fail } from "./context.ts";
import { constant, convert } from "./fold.ts";
import { variableMisfit } from "./rules/type-rules.ts";
import { declared } from "./statements.ts";
import { numberOf } from "./struct-types.ts";
import { isWrittenIn } from "./type-names.ts";

/** The value of a `const`, or of an `override`: the one that is given by its name, or that of the text. */
export function constantOf(context: Context, node: Declaration, given: Readonly<Record<string, number>>): Expression {
  const { name } = node.label;
  const own = node.keyword === "override" ? given[name] : undefined;
  if (own !== undefined) {
    const type = (node.type && context.typeOf(node.type)) ?? declared(context, node).type;
    return convert(constant(scalarOf(type) === bool ? bool : type, [own], node), type, node);
  }
  if (!node.value) throw fail(`${name} has no value`, node);
  const { value, type } = declared(context, node);
  if (value?.kind !== "constant") throw fail(`${name} is no constant`, node.value);
  if (node.keyword === "const") checkNoOverride(context, node.value, name);
  else if (type.kind !== "scalar") throw fail(`${name} is a ${type.name}, and an override is a number or a bool`, node);
  return value;
}

/** Throws for `@id` of an `override` that is out of range, or that another has. */
export function checkIds(context: Context, nodes: readonly Declaration[]): void {
  const seen = new Set<number>();
  for (const node of nodes) {
    const id = numberOf(node.attributes, "id", context.wholeNumber);
    if (id === undefined) continue;
    if (id < 0 || id > 65_535 || seen.has(id)) throw fail(`@id(${id}), not a number of its own up to 65535`, node);
    seen.add(id);
  }
}

const spaces: readonly string[] = ["private", "workgroup", "storage", "uniform"];

/** A variable of the module. */
export function variableOf(context: Context, node: Declaration): Variable {
  const { name } = node.label;
  const [first, access, ...more] = node.template;
  const word = enumerantOf(context.scopes, first) ?? "";
  if (!spaces.includes(word) || more.length > 0)
    throw fail(`${name} is in no address space that is run here`, node.label);
  const space = word as Space;
  const writable = isWrittenIn(context.scopes, space, access);
  const { type, value } = declared(context, node, space === "workgroup" ? context.workgroupTypeOf : context.typeOf);
  checkType(type, space, writable, node);
  if (value && (space !== "private" || value.kind !== "constant")) throw fail("an initial value here", node);
  return {
    name,
    type,
    space,
    writable,
    binding: bindingOf(context, node, space),
    initial: value?.kind === "constant" ? value.value : undefined,
    span: { at: node.label.at, end: node.label.end },
  };
}

function checkType(type: Type, space: Space, writable: boolean, { label }: Declaration): void {
  const why = variableMisfit(type, space, writable);
  if (why) throw fail(`${label.name} is a ${type.name}: ${why}`, label);
}

function bindingOf(context: Context, { attributes, label }: Declaration, space: Space): Variable["binding"] {
  const [group, binding] = ["group", "binding"].map((what) => numberOf(attributes, what, context.wholeNumber));
  if (space !== "storage" && space !== "uniform") {
    if (group === undefined && binding === undefined) return undefined;
    throw fail(`@group and @binding of ${label.name}, which is no buffer`, label);
  }
  if (group === undefined || binding === undefined) throw fail(`${label.name} needs @group and @binding`, label);
  if (group < 0 || binding < 0) throw fail(`@group(${group}) @binding(${binding})`, label);
  return { group, binding };
}
