import type { Attribute, Struct } from "../../tree.ts";
import { structOf, type Type } from "../types.ts";
import { fail, type WholeNumber } from "./context.ts";
import { isPart } from "./rules/type-rules.ts";

/** The type that a struct declares, given the types of its members. Throws `WgslError` for members it may not have. */
export function structTypeOf(node: Struct, types: readonly Type[], wholeNumber: WholeNumber): Type {
  const { name } = node.label;
  if (types.length === 0) throw fail(`${name} has no members`, node.label);
  const names = new Set<string>();
  const members = node.members.map(({ label, type: { at, end }, attributes }, i) => {
    if (names.has(label.name)) throw fail(`${name} has two members ${label.name}`, label);
    names.add(label.name);
    const type = types[i] as Type;
    const isLastArray = i + 1 === types.length && type.kind === "array" && isPart(type.of);
    if (!isPart(type) && !isLastArray)
      throw fail(`a ${type.name} as a member: arrays without a size come last, pointers nowhere`, label);
    const [size, align] = ["size", "align"].map((what) => numberOf(attributes, what, wholeNumber));
    if (size !== undefined && (size < type.size || !isPart(type)))
      throw fail(`@size(${size}) of a ${type.name}`, { at, end });
    if (align !== undefined && !isAlignment(align, type.align))
      throw fail(`@align(${align}), not a power of two that is a multiple of ${type.align}`, { at, end });
    return {
      name: label.name,
      type,
      ...(size === undefined ? {} : { size }),
      ...(align === undefined ? {} : { align }),
    };
  });
  return structOf(name, members);
}

const isAlignment = (align: number, required: number): boolean =>
  align >= required && align % required === 0 && Number.isInteger(Math.log2(align));

/** The argument of an attribute such as `@binding(1)`; undefined without the attribute. */
export function numberOf(attributes: readonly Attribute[], name: string, wholeNumber: WholeNumber): number | undefined {
  const found = attributes.find((one) => one.name === name);
  const value = found?.values?.[0];
  if (found && !value) throw fail(`@${name} needs a number`, found);
  return value && wholeNumber(value, `@${name}`);
}
