// Attributes: which there are, where they stand, what they take (WGSL, "Attributes").
import type { Attribute, Declaration, FunctionDeclaration, Module, Struct } from "../../../tree.ts";
import { allStatements } from "../../../walk.ts";
import { bool, scalarOf, type Type } from "../../types.ts";
import { type Context, fail } from "../context.ts";
import { builtinValues } from "./builtin-values.ts";
import { diagnosticIn, tokensIn } from "./directives.ts";

type Where = "function" | "parameter" | "result" | "member" | "variable" | "override" | "statement";

interface Rule {
  readonly where: readonly Where[];
  /** Least and most arguments; undefined for an attribute without parentheses. */
  readonly takes: readonly [number, number] | undefined;
}

const rules = (names: string, where: string, takes: Rule["takes"]): [string, Rule][] =>
  names.split(" ").map((name) => [name, { where: where.split(" ") as Where[], takes }]);

const known: ReadonlyMap<string, Rule> = new Map([
  ...rules("compute vertex fragment must_use", "function", undefined),
  ...rules("workgroup_size", "function", [1, 3]),
  ...rules("subgroup_size", "function", [1, 1]),
  ...rules("align size", "member", [1, 1]),
  ...rules("group binding", "variable", [1, 1]),
  ...rules("id", "override", [1, 1]),
  ...rules("location blend_src", "parameter result member", [1, 1]),
  ...rules("invariant", "parameter result member", undefined),
  // Their arguments are words, which the tree does not hold.
  ...rules("builtin interpolate", "parameter result member", [0, 0]),
  ...rules("diagnostic", "function statement", [0, 0]),
]);

const stages = ["compute", "vertex", "fragment"];

/** The stage of which a function is an entry point; undefined for other functions. */
export const stageOf = ({ attributes }: FunctionDeclaration): string | undefined =>
  attributes.find(({ name }) => stages.includes(name))?.name;

/** Throws `WgslError` for an attribute that is unknown, stands in a wrong place or twice, or has wrong arguments. */
export function checkAttributes(context: Context, { declarations }: Module, code: string): void {
  for (const node of declarations) {
    for (const [where, attributes] of attributesOf(node)) checkList(context, where, attributes, code);
    if (node.kind === "function") checkFunction(node);
    if (node.kind === "struct") checkMembers(context, node, code);
  }
}

function attributesOf(node: Declaration): readonly (readonly [Where, readonly Attribute[]])[] {
  switch (node.kind) {
    case "variable":
      if (node.keyword === "const" && node.attributes[0]) throw fail("a const has no attributes", node.attributes[0]);
      return [[node.keyword === "override" ? "override" : "variable", node.attributes]];
    case "struct":
      return node.members.map(({ attributes }) => ["member", attributes] as const);
    case "function": {
      const blocks = [...allStatements(node.body)].filter((one) => one.kind === "block");
      return [
        ["function", node.attributes],
        ["result", node.resultAttributes],
        ...node.parameters.map(({ attributes }) => ["parameter", attributes] as const),
        ...blocks.map(({ attributes }) => ["statement", attributes] as const),
      ];
    }
    default:
      return [];
  }
}

function checkList(context: Context, where: Where, attributes: readonly Attribute[], code: string): void {
  const seen = new Set<string>();
  for (const attribute of attributes) {
    const { name, values } = attribute;
    const rule = known.get(name);
    if (!rule) throw fail(`@${name} is no attribute`, attribute);
    if (!rule.where.includes(where)) throw fail(`@${name} does not stand before a ${where}`, attribute);
    const [least, most] = rule.takes ?? [];
    if (least === undefined || most === undefined) {
      if (values) throw fail(`@${name} takes no parentheses`, attribute);
    } else if (!values || values.length < least || values.length > most) {
      throw fail(`@${name} with ${values?.length ?? 0} arguments`, attribute);
    }
    const key =
      name === "diagnostic" ? `rule ${diagnosticIn(code, attribute).rule}` : stages.includes(name) ? "stage" : name;
    if (seen.has(key)) throw fail(`@${name} stands here twice`, attribute);
    seen.add(key);
    const location = name === "location" ? values?.[0] : undefined;
    if (location && context.wholeNumber(location, "@location") < 0) throw fail("@location is negative", attribute);
    const needs = featureFor(attribute, code);
    if (needs && !context.features.has(needs)) throw fail(`@${name} here needs enable ${needs};`, attribute);
  }
}

/** The builtin value that attributes name; undefined without one. Throws for one that WGSL does not have. */
export function builtinOf(attributes: readonly Attribute[], code: string): string | undefined {
  const attribute = attributes.find(({ name }) => name === "builtin");
  if (!attribute) return undefined;
  const words = tokensIn(code, attribute).map(({ text }) => text);
  const [, name = ""] = /^@builtin\((\w+),?\)$/.exec(words.join("")) ?? [];
  if (!builtinValues.has(name)) throw fail(`@builtin(${name}) is not known`, attribute);
  return name;
}

/** The extension that an attribute belongs to. */
function featureFor(attribute: Attribute, code: string): string | undefined {
  if (attribute.name === "subgroup_size") return "subgroup_size_control";
  return /subgroup/.test(builtinOf([attribute], code) ?? "") ? "subgroups" : undefined;
}

function checkFunction(node: FunctionDeclaration): void {
  const { attributes, parameters, resultAttributes, result } = node;
  const find = (name: string) => attributes.find((one) => one.name === name);
  const size = find("workgroup_size") ?? find("subgroup_size");
  const stage = stageOf(node);
  if (size && stage !== "compute") throw fail(`@${size.name} is of compute shaders`, size);
  const unused = find("must_use");
  if (unused && !result) throw fail("@must_use of a function that returns nothing", unused);
  const [first] = stage ? [] : [...parameters.flatMap((one) => one.attributes), ...resultAttributes];
  if (first) throw fail(`@${first.name} in a function that is no entry point`, first);
}

/** What is passed between stages, or is a builtin value, has a type that is. */
function checkMembers(context: Context, { members }: Struct, code: string): void {
  const locations = new Set<number>();
  for (const { attributes, label, type: name } of members) {
    const type = context.typeOf(name);
    const builtin = builtinOf(attributes, code);
    const expected = builtin === undefined ? undefined : builtinValues.get(builtin)?.type;
    if (expected && type !== expected) throw fail(`${builtin} is a ${expected.name}`, label);
    const invariant = attributes.find((one) => one.name === "invariant");
    if (invariant && builtin !== "position") throw fail("@invariant of what is no position", invariant);
    const location = attributes.find((one) => one.name === "location");
    const value = location?.values?.[0];
    if (!value || !type) continue;
    const number = context.wholeNumber(value, "@location");
    if (locations.has(number) || !isPassed(type)) throw fail(`@location(${number}) of ${label.name}`, location);
    locations.add(number);
  }
}

/** Whether a type is passed from stage to stage: a number, or a vector of numbers. */
const isPassed = (type: Type): boolean => (type.kind === "scalar" || type.kind === "vector") && scalarOf(type) !== bool;
