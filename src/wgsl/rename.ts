import type { Scopes } from "./scopes.ts";
import type { Span } from "./tree.ts";

/** A piece of a text to replace; one of no length inserts. */
export interface Edit extends Span {
  readonly text: string;
}

/** The text with its pieces replaced. */
export function edited(code: string, edits: readonly Edit[]): string {
  let out = "";
  let from = 0;
  for (const { at, end, text } of [...edits].sort((a, b) => a.at - b.at)) {
    out += code.slice(from, at) + text;
    from = end;
  }
  return out + code.slice(from);
}

/**
 * The edits that put a prefix in front of every name of the module, where it is declared and wherever it is used, and
 * of `others`, which are used here but declared elsewhere. Names inside functions stay, unless they begin with the
 * prefix: these get it a second time, so that no two names become one.
 */
export function prefixed(scopes: Scopes, prefix: string, others: ReadonlySet<string> = new Set()): Edit[] {
  const insert = ({ at }: Span): Edit => ({ at, end: at, text: prefix });
  const isRenamed = (name: string, isModule: boolean) => isModule || name.startsWith(prefix);
  const edits: Edit[] = [];
  for (const { label, isModule } of scopes.definitions) if (isRenamed(label.name, isModule)) edits.push(insert(label));
  for (const [name, meaning] of scopes.meanings) {
    const renames =
      typeof meaning === "object" && "label" in meaning
        ? isRenamed(name.name, meaning.isModule)
        : meaning === "unknown" && others.has(name.name);
    if (renames) edits.push(insert(name));
  }
  return edits;
}
