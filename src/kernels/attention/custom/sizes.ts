import { typeName, wholeNumber } from "../../../wgsl/constants.ts";
import { WgslError } from "../../../wgsl/error.ts";
import { type Definition, definitionOf } from "../../../wgsl/scopes.ts";
import type { Expression, Name } from "../../../wgsl/tree.ts";
import type { OwnText } from "./text.ts";

/** A type as far as it has a size: in 4-byte words, with the types of its elements or members. */
export interface Sized {
  readonly words: number;
  readonly element?: Sized;
  readonly members?: ReadonlyMap<string, Sized>;
}

const scalar: Sized = { words: 1 };

/** The types of a text's expressions; the driver checks that they fit one another. */
export interface Sizes {
  readonly ofType: (type: Name) => Sized;
  readonly of: (expression: Expression) => Sized;
  readonly ofDefinition: (definition: Definition) => Sized;
}

/** The sizes of a text. What has no constant size, such as a buffer, has the size of one element. */
export function sizesOf({ scopes, evaluate }: OwnText): Sizes {
  const types = new Map<unknown, Sized | "open">();
  const known = (node: object, find: () => Sized, name: Name | Definition["label"]): Sized => {
    const found = types.get(node);
    if (found === "open") throw new WgslError(`${name.name} is declared by itself`, name.at);
    if (found) return found;
    types.set(node, "open");
    const size = find();
    types.set(node, size);
    return size;
  };

  const ofType = (type: Name): Sized => {
    const definition = definitionOf(scopes, type);
    const { node } = definition ?? {};
    if (node?.kind === "alias") return known(node, () => ofType(node.type), type);
    if (node?.kind === "struct") {
      return known(
        node,
        () => {
          const members = node.members.map((member): [string, Sized] => [member.label.name, ofType(member.type)]);
          return { words: members.reduce((sum, [, { words }]) => sum + words, 0), members: new Map(members) };
        },
        type,
      );
    }
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
    return { words: inner.words * Math.max(1, length), element: inner };
  };

  const of = (expression: Expression): Sized => {
    switch (expression.kind) {
      case "name": {
        const definition = definitionOf(scopes, expression);
        return definition ? ofDefinition(definition) : scalar;
      }
      case "call": {
        const { callee, values } = expression;
        const node = definitionOf(scopes, callee)?.node;
        if (node?.kind === "function") return node.result ? ofType(node.result) : scalar;
        if (typeName(scopes, callee) === "array" && callee.template.length === 0 && node === undefined) {
          const [first] = values;
          const element = first ? of(first) : scalar;
          return { words: element.words * Math.max(1, values.length), element };
        }
        return ofType(callee);
      }
      case "index":
        return of(expression.base).element ?? scalar;
      case "member": {
        const { members } = of(expression.base);
        return members?.get(expression.member.name) ?? { words: Math.min(4, expression.member.name.length) };
      }
      case "unary":
        return of(expression.operand);
      case "binary":
        return of(expression.right).words > of(expression.left).words ? of(expression.right) : of(expression.left);
      case "literal":
        return scalar;
    }
  };

  const ofDefinition = ({ node, label }: Definition): Sized =>
    node.kind === "field"
      ? ofType(node.type)
      : node.kind !== "variable"
        ? scalar
        : node.type
          ? ofType(node.type)
          : known(node, () => (node.value ? of(node.value) : scalar), label);

  return { ofType, of, ofDefinition };
}
