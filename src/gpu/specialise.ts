import { assertNoClash } from "./clashes.ts";
import { type Declarations, readDeclarations } from "./declarations.ts";
import { ShaderError } from "./errors.ts";
import { moduleNames } from "./tokens.ts";

/** WGSL files by name without ending, for example `lib/reduce`. */
export type ShaderFiles = Readonly<Record<string, string>>;

/** What one use of a kernel file changes: parts and the right-hand sides of top-level declarations. Nothing else. */
export interface Specialisation {
  /** Parts to join; each takes the place of the default part from the same folder. */
  readonly parts?: readonly string[];
  /** Files that parts may come from beside the known ones: a user's own, and those made of several. */
  readonly files?: ShaderFiles;
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
  /** The parts that were joined, in order. */
  readonly parts: readonly string[];
  readonly specialisation: Specialisation;
  /** Where line `i` (from 0) of `code` comes from. */
  readonly lines: readonly { readonly file: string; readonly line: number }[];
}

const folderOf = (part: string) => part.slice(0, part.lastIndexOf("/"));

/** The default parts that a file's first line names: `// with: lib/reduce, attention/masks/causal`. */
export function defaultParts(code: string): string[] {
  const line = /^\/\/ with:([^\n]*)/.exec(code)?.[1] ?? "";
  return line
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/**
 * Joins the kernel file `name` with its parts and sets constants and aliases. Module scope is order-free in WGSL, so
 * joining is concatenation; `enable`, `requires` and `diagnostic` lines go in front. Throws `ShaderError` for a part,
 * constant or alias that does not exist, for a value that its constant cannot have, and where one of the
 * specialisation's own files declares a name that the others use.
 */
export function specialise(
  name: string,
  code: string,
  known: ShaderFiles,
  specialisation: Specialisation = {},
): Shader {
  const files = specialisation.files ? { ...known, ...specialisation.files } : known;
  const chosen = new Map((specialisation.parts ?? []).map((part) => [folderOf(part), part]));
  const used = new Set<string>();
  const parts: string[] = [];
  const replaced = new Set<string>();
  const join = (text: string) => {
    const standards = defaultParts(text);
    for (const standard of standards) {
      const part = chosen.get(folderOf(standard)) ?? standard;
      const rival = standards.find((other) => other !== standard && folderOf(other) === folderOf(standard));
      if (rival && chosen.has(folderOf(standard))) {
        throw new ShaderError(`${name}: part ${part} would take the place of both ${standard} and ${rival}`, name);
      }
      used.add(part);
      if (part !== standard) replaced.add(standard);
      if (parts.includes(part)) continue;
      const partCode = files[part];
      if (partCode === undefined) {
        throw new ShaderError(`${name}: there is no part ${part}; known: ${Object.keys(files).join(", ")}`, name);
      }
      parts.push(part);
      join(partCode);
    }
  };
  join(code);
  for (const part of specialisation.parts ?? []) {
    if (!used.has(part))
      throw new ShaderError(`${name}: part ${part} replaces nothing; it has ${parts.join(", ")}`, name);
  }

  const sources: [string, string][] = [
    [name, code],
    ...parts.map((part): [string, string] => [part, files[part] ?? ""]),
  ];
  if (specialisation.files) {
    const promised = [...replaced].flatMap((part) => moduleNames(files[part] ?? ""));
    assertNoClash(name, sources, specialisation.files, new Set(promised.map((one) => one.name)));
  }

  const directives: string[] = [];
  const directiveLines: { file: string; line: number }[] = [];
  const body: string[] = [];
  const bodyLines: { file: string; line: number }[] = [];
  for (const [file, text] of sources) {
    text.split("\n").forEach((content, index) => {
      const place = { file, line: index + 1 };
      if (/^\s*(?:(?:enable|requires)\s|diagnostic\s*\()/.test(content)) {
        if (directives.includes(content.trim())) return;
        directives.push(content.trim());
        directiveLines.push(place);
      } else {
        body.push(content);
        bodyLines.push(place);
      }
    });
  }
  let joined = [...directives, ...body].join("\n");
  for (const [constant, value] of Object.entries(specialisation.constants ?? {})) {
    joined = setDeclaration(joined, name, "const", constant, (type) => literal(name, constant, value, type));
  }
  for (const [alias, type] of Object.entries(specialisation.aliases ?? {})) {
    joined = setDeclaration(joined, name, "alias", alias, () => type);
  }
  const declarations = readDeclarations(joined, name);
  return { name, code: joined, declarations, parts, specialisation, lines: [...directiveLines, ...bodyLines] };
}

function setDeclaration(
  code: string,
  file: string,
  keyword: "const" | "alias",
  name: string,
  value: (type: string) => string,
): string {
  const pattern = new RegExp(`^(${keyword}\\s+${name}\\s*(?::\\s*(\\w+)\\s*)?=\\s*)([^;]+);`, "m");
  if (!pattern.test(code)) throw new ShaderError(`${file}: there is no top-level "${keyword} ${name}" to set`, file);
  return code.replace(pattern, (_, head: string, type: string | undefined, before: string) => {
    const lines = before.replace(/[^\n]/g, ""); // so that every line stays the line it was
    return `${head}${value(type ?? "")};${lines}`;
  });
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
