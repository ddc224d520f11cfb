import { typeName, wholeNumber } from "../../../wgsl/constants.ts";
import { WgslError } from "../../../wgsl/error.ts";
import { dependenciesFirst } from "../../../wgsl/order.ts";
import { type Definition, definitionOf } from "../../../wgsl/scopes.ts";
import type { Call, Expression, Name } from "../../../wgsl/tree.ts";
import { expressionsIn } from "../../../wgsl/walk.ts";
import type { OwnText } from "./text.ts";

/** A type as far as it has a size: in 4-byte words, with the types of its elements or members. */
interface Sized {
  readonly words: number;
  /** How many arrays and structs are one within the other; 0 of a scalar, a vector and a matrix. */
  readonly depth?: number;
  readonly element?: Sized;
  readonly members?: ReadonlyMap<string, Sized>;
}

const scalar: Sized = { words: 1 };

/** Maximum depth of arrays and structs, one within the other, which is what every WGSL compiler has to take. */
const deepest = 15;

/** The types of a text's expressions; the driver checks that they fit one another. */
export interface Sizes {
  readonly ofType: (type: Name) => Sized;
  readonly of: (expression: Expression) => Sized;
  readonly ofDefinition: (definition: Definition) => Sized;
}

type Node = Definition["node"];

/**
 * The depth of a type whose elements or members have this type. Throws `WgslError` at its name where it is too deep.
 */
function deeper({ depth = 0 }: Sized, { name, at }: Name | Definition["label"]): number {
  if (depth < deepest) return depth + 1;
  throw new WgslError(`${name} nests more than ${deepest} arrays and structs`, at);
}

/**
 * The sizes of a text. What has no constant size, such as a buffer, has the size of one element. Each definition and
 * each expression is visited once, a definition after those that it refers to. Throws `WgslError` for one that refers
 * to itself.
 */
export function sizesOf({ scopes, evaluate }: OwnText): Sizes {
  const known = new Map<Node | Expression, Sized>();
  const once = <T extends Node | Expression>(node: T, find: (node: T) => Sized): Sized => {
    const size = known.get(node) ?? find(node);
    known.set(node, size);
    return size;
  };

  const ofNode = (node: Node): Sized => once(node, findOfNode);
  const findOfNode = (node: Node): Sized => {
    if (node.kind === "struct") {
      const members = node.members.map((member): [string, Sized] => [member.label.name, ofType(member.type)]);
      const words = members.reduce((sum, [, size]) => sum + size.words, 0);
      const depth = members.reduce((most, [, size]) => Math.max(most, deeper(size, node.label)), 1);
      return { words, depth, members: new Map(members) };
    }
    if (node.kind === "function") return node.result ? ofType(node.result) : scalar;
    if (node.type) return ofType(node.type);
    return node.kind === "variable" && node.value ? of(node.value) : scalar;
  };

  const ofType = (type: Name): Sized => once(type, findOfType);
  const findOfType = (type: Name): Sized => {
    const node = definitionOf(scopes, type)?.node;
    if (node?.kind === "alias" || node?.kind === "struct") return ofNode(node);
    const name = typeName(scopes, type) ?? "";
    const [, columns, rows] = /^(?:vec|mat([234])x)([234])/.exec(name) ?? [];
    if (rows !== undefined) {
      const vector = { words: Number(rows), element: scalar };
      return columns === undefined ? vector : { words: Number(columns) * Number(rows), element: vector };
    }
    const [element, count] = type.template;
    if (name !== "array" || element?.kind !== "name") return scalar;
    const inner = ofType(element);
    const length = count ? wholeNumber(evaluate(count)) : 1;
    if (length === undefined) throw new WgslError("an array whose length is no constant", count?.at ?? type.at);
    return { words: inner.words * Math.max(1, length), depth: deeper(inner, type), element: inner };
  };

  const of = (expression: Expression): Sized => once(expression, findOf);
  const findOf = (expression: Expression): Sized => {
    switch (expression.kind) {
      case "name": {
        const node = definitionOf(scopes, expression)?.node;
        return node?.kind === "variable" || node?.kind === "field" ? ofNode(node) : scalar;
      }
      case "call":
        return ofCall(expression);
      case "index":
        return of(expression.base).element ?? scalar;
      case "member": {
        const { members } = of(expression.base);
        return members?.get(expression.member.name) ?? { words: Math.min(4, expression.member.name.length) };
      }
      case "unary":
        return of(expression.operand);
      case "binary": {
        const [left, right] = [of(expression.left), of(expression.right)];
        return right.words > left.words ? right : left;
      }
      case "literal":
        return scalar;
    }
  };
  const ofCall = ({ callee, values }: Call): Sized => {
    const node = definitionOf(scopes, callee)?.node;
    if (node?.kind === "function") return ofNode(node);
    if (typeName(scopes, callee) !== "array" || callee.template.length > 0 || node) return ofType(callee);
    const [first] = values;
    const element = first ? of(first) : scalar;
    return { words: element.words * Math.max(1, values.length), depth: deeper(element, callee), element };
  };

  /** The definitions that the size of a definition depends on. */
  const referredTo = (node: Node): Node[] => {
    const given =
      node.kind === "struct"
        ? node.members.map(({ type }) => type)
        : node.kind === "function"
          ? [node.result]
          : [node.type ?? (node.kind === "variable" ? node.value : undefined)];
    return given.flatMap((one) =>
      one
        ? [...expressionsIn(one)].flatMap((inner) =>
            inner.kind === "name" ? (definitionOf(scopes, inner)?.node ?? []) : [],
          )
        : [],
    );
  };
  const nodes = scopes.definitions.map(({ node }) => node);
  const order = dependenciesFirst(nodes, referredTo, ([node]) => {
    if (node) throw new WgslError(`${node.label.name} is declared by itself`, node.label.at);
  });
  for (const node of order) ofNode(node);

  return { ofType, of, ofDefinition: ({ node }) => ofNode(node) };
}
