import type { Attribute, Module, Span } from "../../../tree.ts";
import { allStatements } from "../../../walk.ts";
import { diagnosticIn } from "./directives.ts";

interface Filter extends Span {
  readonly severity: string;
  readonly rule: string;
}

/**
 * The severity that a text gives to a rule at a position, by the innermost `diagnostic` around it (WGSL, "Diagnostics");
 * undefined where it says nothing.
 */
export function severitiesIn(code: string, module: Module): (rule: string, at: number) => string | undefined {
  let known: readonly Filter[] | undefined;
  return (rule, at) => {
    known ??= filtersIn(code, module);
    let found: Filter | undefined;
    for (const one of known) {
      const isAround = one.rule === rule && one.at <= at && at < one.end;
      if (isAround && one.at >= (found?.at ?? 0)) found = one;
    }
    return found?.severity;
  };
}

function filtersIn(code: string, { directives, declarations }: Module): Filter[] {
  const filter = (from: Span, { at, end }: Span): Filter => Object.assign({ at, end }, diagnosticIn(code, from));
  const filters = (attributes: readonly Attribute[], span: Span) =>
    attributes.filter(({ name }) => name === "diagnostic").map((one) => filter(one, span));
  const whole = { at: 0, end: code.length };
  return [
    ...directives.filter(({ keyword }) => keyword === "diagnostic").map((one) => filter(one, whole)),
    ...declarations.flatMap((node) => {
      if (node.kind !== "function") return [];
      const blocks = [...allStatements(node.body)].filter((one) => one.kind === "block");
      return [...filters(node.attributes, node), ...blocks.flatMap((one) => filters(one.attributes, one))];
    }),
  ];
}
