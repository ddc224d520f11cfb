import { withoutComments } from "../../wgsl/comments.ts";
import { ShaderError } from "../errors.ts";
import { evaluate } from "./constant-expression.ts";
import { type Declarations, joinDeclarations } from "./declarations.ts";
import { Recent } from "./recent.ts";
import type { ShaderModule } from "./shader-module.ts";

/**
 * What one use of a kernel file changes: its parts and the right-hand sides of top-level declarations, nothing else.
 */
export interface Specialisation {
  /** Parts to join; each takes the place of the default part from the same slot, the folder of its name. */
  readonly parts?: readonly ShaderModule[];
  /** New values of `const` declarations, by name. */
  readonly constants?: Readonly<Record<string, number | boolean>>;
  /** New types of `alias` declarations, by name. */
  readonly aliases?: Readonly<Record<string, string>>;
}

/** A shader ready to compile. Its text is its identity: two equal texts are one pipeline. */
export interface Shader {
  readonly name: string;
  readonly code: string;
  readonly declarations: Declarations;
  /** Names of the parts that were joined, in order. */
  readonly parts: readonly string[];
  readonly specialisation: Specialisation;
  /** Where line `i` (from 0) of `code` comes from. */
  readonly lines: readonly Place[];
}

/** A line of a file; `renamed` is what errors leave out of its text (see `ShaderModule`). */
interface Place {
  readonly file: string;
  readonly line: number;
  readonly renamed?: string;
}

/**
 * The values of integer constants: of a shader as specialised, of a module as in its own file. Throws `ShaderError`
 * where there is none of this name.
 */
/* @__NO_SIDE_EFFECTS__ */
export function constantsOf<const N extends string>(
  of: Shader | ShaderModule,
  ...names: N[]
): Readonly<Record<N, number>> {
  const constants = "declares" in of ? new Map(Object.entries(of.declares.constants ?? {})) : of.declarations.constants;
  const values = names.map((name): [N, number] => {
    const value = evaluate(name, constants);
    if (value === undefined) throw new ShaderError(`${of.name}: ${name} is not an integer constant`, of.name);
    return [name, value];
  });
  return Object.fromEntries(values) as Record<N, number>;
}

/** Maximum number of modules whose content is kept: those of a clone (a test counts them), and texts of users. */
export const maxContents = 1024;

const numbers = new Recent<string, number>(maxContents);
const numbered = new WeakMap<ShaderModule, number>();
let distinct = 0;

/**
 * A number for each distinct content of a module. Two modules with equal numbers have equal content; two with equal
 * content have the same number, unless the first was dropped from the cache. Then the second is specialised again.
 */
export function identityOf(module: ShaderModule): number {
  const known = numbered.get(module);
  if (known !== undefined) return known;
  const content = JSON.stringify([module.name, module.code, module.parts.map(identityOf)]);
  const number = numbers.get(content) ?? distinct++;
  numbers.set(content, number);
  numbered.set(module, number);
  return number;
}

const slotOf = ({ name }: ShaderModule) => name.slice(0, name.lastIndexOf("/"));

/**
 * Joins a kernel with its parts and sets constants and aliases. Module scope is order-free in WGSL, so joining is
 * concatenation; `enable`, `requires` and `diagnostic` lines go in front. Throws `ShaderError` for a part, constant or
 * alias that replaces nothing, for a value that its constant cannot have, and where names in a user's text clash with
 * the others.
 */
export function specialise(kernel: ShaderModule, specialisation: Specialisation = {}): Shader {
  const { name } = kernel;
  const { modules, replaced } = joinParts(name, kernel, specialisation.parts ?? []);
  for (const check of new Set(modules.map((module) => module.check))) check?.({ shader: name, modules, replaced });

  const constants = new Map<string, string>();
  const aliases = new Map(Object.entries(specialisation.aliases ?? {}));
  const texts = new Map(modules.map((module) => [module, module.code]));
  for (const [constant, value] of Object.entries(specialisation.constants ?? {})) {
    setDeclaration(texts, name, "const", constant, (type) => {
      const text = literal(name, constant, value, type);
      constants.set(constant, text);
      return text;
    });
  }
  for (const [alias, type] of aliases) setDeclaration(texts, name, "alias", alias, () => type);

  const directives = new Map<string, Place>();
  const body: string[] = [];
  const bodyLines: Place[] = [];
  for (const [{ name: file, renamed }, code] of texts) {
    const place = (line: number) => ({ file, line, ...(renamed === undefined ? {} : { renamed }) });
    const { found, rest } = splitDirectives(code);
    for (const { text, line } of found) if (!directives.has(text)) directives.set(text, place(line));
    const written = code.split("\n");
    for (const [index, content] of rest.split("\n").entries()) {
      if (content.trim() === "" && content !== written[index]) continue; // a directive stood here
      body.push(content);
      bodyLines.push(place(index + 1));
    }
  }
  const joined = [...directives.keys(), ...body].join("\n");
  return {
    name,
    code: joined,
    declarations: joinDeclarations(name, modules, { constants, aliases }),
    parts: modules.slice(1).map((module) => module.name),
    specialisation,
    lines: [...directives.values(), ...bodyLines],
  };
}

/**
 * The kernel and its parts, each once, in the order in which they are named; and the default parts that others replace.
 */
function joinParts(
  name: string,
  kernel: ShaderModule,
  given: readonly ShaderModule[],
): { readonly modules: readonly ShaderModule[]; readonly replaced: readonly ShaderModule[] } {
  const chosen = new Map(given.map((part) => [slotOf(part), part]));
  const used = new Set<ShaderModule>();
  const modules = new Map([[kernel.name, kernel]]);
  const replaced = new Set<ShaderModule>();
  const join = ({ parts }: ShaderModule) => {
    for (const standard of parts) {
      const slot = slotOf(standard);
      const part = chosen.get(slot) ?? standard;
      const rival = parts.find((other) => other !== standard && slotOf(other) === slot);
      if (rival && chosen.has(slot)) {
        const both = `${standard.name} and ${rival.name}`;
        throw new ShaderError(`${name}: part ${part.name} would replace both ${both}`, name);
      }
      used.add(part);
      if (part !== standard) replaced.add(standard);
      if (modules.has(part.name)) continue;
      modules.set(part.name, part);
      join(part);
    }
  };
  join(kernel);
  for (const part of given) {
    if (used.has(part)) continue;
    const names = [...modules.keys()].slice(1).join(", ");
    throw new ShaderError(`${name}: part ${part.name} replaces nothing; it has ${names}`, name);
  }
  return { modules: [...modules.values()], replaced: [...replaced] };
}

/** Sets a declaration of the module in the first text that has it. Throws `ShaderError` where there is none. */
function setDeclaration(
  texts: Map<ShaderModule, string>,
  file: string,
  keyword: "const" | "alias",
  name: string,
  value: (type: string) => string,
): void {
  for (const [module, code] of texts) {
    const names = keyword === "const" ? module.declares.constants : module.declares.aliases;
    if (!names || !Object.hasOwn(names, name)) continue;
    const bare = withoutComments(code);
    const pattern = new RegExp(`\\b${keyword}\\s+${name}\\s*(?::\\s*(\\w+)\\s*)?=\\s*([^;]+);`, "gu");
    let [depth, from] = [0, 0];
    for (const { 0: all, 1: type = "", 2: before = "", index } of bare.matchAll(pattern)) {
      const between = bare.slice(from, index);
      depth += between.split("{").length - between.split("}").length;
      from = index;
      if (depth !== 0) continue; // of a function
      const end = index + all.length;
      const lines = before.replace(/[^\n]/g, ""); // so that line numbers stay the same
      const head = code.slice(0, end - before.length - 1);
      texts.set(module, `${head}${value(type)};${lines}${code.slice(end)}`);
      return;
    }
  }
  throw new ShaderError(`${file}: there is no top-level "${keyword} ${name}" to set`, file);
}

/** The directives of a text, which come before everything else, each with its line; and the text without them. */
function splitDirectives(code: string): {
  readonly found: readonly { readonly text: string; readonly line: number }[];
  readonly rest: string;
} {
  const bare = withoutComments(code);
  const directive = /\s*((?:(?:enable|requires)\s[^;]*|diagnostic\s*\([^;]*)?;)/y;
  const found: { text: string; line: number }[] = [];
  let [rest, from, lines] = ["", 0, 0];
  for (let next = directive.exec(bare); next; next = directive.exec(bare)) {
    const [, text = ""] = next;
    const at = directive.lastIndex - text.length;
    const count = (text: string) => text.split("\n").length - 1;
    lines += count(bare.slice(from, at));
    if (text !== ";") found.push({ text: text.replace(/\s+/g, " "), line: lines + 1 });
    lines += count(text);
    rest += code.slice(from, at) + text.replace(/[^\n]/g, " ");
    from = directive.lastIndex;
  }
  return { found, rest: rest + code.slice(from) };
}

function literal(file: string, name: string, value: number | boolean, type: string): string {
  const fits =
    typeof value === "boolean"
      ? type === "bool" || type === ""
      : type === "u32"
        ? Number.isInteger(value) && value >= 0 && value < 2 ** 32
        : type === "i32"
          ? Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31
          : type !== "bool" && Number.isFinite(value);
  if (!fits) throw new ShaderError(`${file}: ${name} set to ${value}, expected ${type || "a finite number"}`, file);
  if (type === "u32") return `${value}u`;
  if (type === "f32" && /^-?\d+$/.test(String(value))) return `${value}.0`;
  return String(value);
}
