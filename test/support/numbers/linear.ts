// The visits of all passes over a user's text.
import { evaluate } from "../../../src/gpu/shader/constant-expression.ts";
import { typeSize } from "../../../src/gpu/shader/type-size.ts";
import { operationsOf } from "../../../src/kernels/attention/custom/cost.ts";
import { apart } from "../../../src/kernels/attention/custom/read-text.ts";
import { checkText } from "../../../src/kernels/attention/custom/rules.ts";
import { ownTextOf } from "../../../src/kernels/attention/custom/text.ts";
import { parse, parseTokens } from "../../../src/wgsl/parse.ts";
import { markTemplateLists, tokensOf } from "../../../src/wgsl/tokens.ts";
import { countVisits } from "../count-visits.ts";

/** How many nodes, tokens or declarations there are, and how often a pass looks at one. */
export interface Counted {
  readonly nodes: number;
  readonly visits: number;
}

function counted<T extends object>(root: T, property: string, pass: (copy: T) => void): Counted {
  const { copy, nodes, visits } = countVisits(root, property);
  pass(copy);
  return { nodes, visits: visits() };
}

/** Maximum number of visits of a node in each pass. */
export const maxVisits = { lists: 8, parsing: 12, rules: 25, declarations: 8 } as const;

/** The visits of each pass over a text that follows the rules. */
export function visitsOf(code: string): Readonly<Record<"lists" | "parsing" | "rules", Counted>> {
  const tokens = tokensOf(code);
  return {
    lists: counted(tokens, "text", (copy) => void markTemplateLists(copy)),
    parsing: counted(tokens, "text", (copy) => void parseTokens(copy)),
    rules: counted(parse(code), "kind", (copy) => {
      const text = ownTextOf(code, copy);
      checkText(text);
      operationsOf(text);
      apart(text, { file: "own", prefix: "own_", first: 0 });
    }),
  };
}

/** A map that counts how often it is asked for a name that it has. */
class CountingMap extends Map<string, string> {
  visits = 0;
  override get(name: string): string | undefined {
    const value = super.get(name);
    if (value !== undefined) this.visits++;
    return value;
  }
}

/**
 * The visits of declarations that are known by their text, where `last` is computed: a constant, or else a type that is
 * an alias or a struct.
 */
export function declarationVisits(kind: "constants" | "aliases" | "structs", last: string, texts: [string, string][]) {
  const declared = { constants: new CountingMap(), aliases: new CountingMap(), structs: new CountingMap() };
  for (const [name, text] of texts) declared[kind].set(name, text);
  const context = { ...declared, known: new Map(), layouts: new Map() };
  const value = kind === "constants" ? evaluate(last, declared.constants) : typeSize(last, context);
  const visits = Object.values(declared).reduce((sum, map) => sum + map.visits, 0);
  return { nodes: texts.length, visits, value };
}
