// `--masks ./mine.mjs` and `--scores ./mine.mjs`: custom masks and scores from an ES module.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Bench } from "./bench-output.ts";

type Own = Parameters<Bench["attentionCase"]>[1] & object;
type In<M> = M extends ReadonlyMap<string, infer D> ? D : never;
export type OwnMask = In<Own["masks"]>;
export type OwnScore = In<Own["scores"]>;

/** `./mine.mjs`, or `./mine.mjs:name` for one of several that it exports. */
const fileAndName = /^(.+\.(?:mjs|js|mts|ts))(?::([\w-]+))?$/;

/**
 * The texts with each module in them replaced by what it exports, one text for each mask or score, and these by their
 * texts. Throws a RangeError for a module that cannot be loaded or exports something else.
 */
export async function loadOwn<D extends OwnMask | OwnScore>(
  bench: Bench,
  what: "mask" | "score",
  texts: readonly string[] | undefined,
): Promise<{ readonly texts: readonly string[] | undefined; readonly own: ReadonlyMap<string, D> }> {
  const own = new Map<string, D>();
  const expanded: string[] = [];
  for (const text of texts ?? []) {
    let joined: string[][] = [[]];
    for (const part of text.split("+")) {
      const [, file, name] = fileAndName.exec(part) ?? [];
      const found = file === undefined ? undefined : bench.readOwn<D>(what, file, await load(file));
      for (const [named, description] of found ?? []) own.set(named, description);
      const all = found ? [...found.keys()] : [part];
      const chosen = name === undefined ? all : all.filter((one) => one === part);
      if (chosen.length === 0) throw new RangeError(`${file} exports no ${what} ${name}; it has ${all.join(", ")}`);
      joined = joined.flatMap((before) => chosen.map((one) => [...before, one]));
    }
    expanded.push(...joined.map((parts) => parts.join("+")));
  }
  return { texts: texts && expanded, own };
}

async function load(file: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(resolve(file)).href)) as { readonly default?: unknown };
    return module.default;
  } catch (error) {
    throw new RangeError(`${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
}
