// Reads the fields of TypeScript's types with their comments, from syntax trees.
import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import { parseAstAsync } from "vite";

const root = new URL("../..", import.meta.url);
const modules = new Map();

/** A module's types, the names that it imports or re-exports with the files that they come from, and its text. */
async function readModule(file) {
  const known = modules.get(file);
  if (known) return known;
  const code = await readFile(new URL(file, root), "utf8");
  const { body } = await parseAstAsync(code, { lang: "ts" });
  const module = { file, code, types: new Map(), names: new Map(), stars: [] };
  for (const statement of body) {
    const { type, source, specifiers = [], declaration } = statement;
    const from =
      source && (source.value.startsWith(".") ? posix.join(posix.dirname(file), source.value) : source.value);
    const node = declaration ?? statement;
    if (type === "ExportAllDeclaration") module.stars.push(from);
    else if (source) {
      for (const { local, imported, exported } of specifiers) {
        // An import has its local name, an export the name in the other module.
        const [here, there] = exported ? [exported.name, local.name] : [local.name, imported?.name ?? "default"];
        module.names.set(here, { file: from, name: there });
      }
    } else if (/^TS(Interface|TypeAlias)Declaration$/.test(node.type)) module.types.set(node.id.name, node);
  }
  modules.set(file, module);
  return module;
}

/** The declaration of a type, with its module. */
async function declarationOf(file, name) {
  const module = await readModule(file);
  const own = module.types.get(name);
  if (own) return { module, node: own };
  const from = module.names.get(name);
  if (from?.file.endsWith(".ts")) return declarationOf(from.file, from.name);
  for (const star of module.stars) {
    const found = await declarationOf(star, name);
    if (found) return found;
  }
  return undefined;
}

/**
 * The fields of a type by name, including inherited ones: `{ text, about, usual, module, node }`, the type as written,
 * the text of the comment, and the default in it.
 */
export async function fieldsOfType(file, name) {
  const found = await declarationOf(file, name);
  if (!found) throw new Error(`${file}: there is no type ${name}`);
  const [fields] = await shapesOf(found.module, found.node);
  return fields;
}

/** The fields of the objects that a field may have, one map for each. */
export const shapesOfField = ({ module, node }) => shapesOf(module, node);

/** The objects that a type allows, as maps of fields; empty for other types. */
async function shapesOf(module, node) {
  if (node.type === "TSInterfaceDeclaration") {
    const inherited = await Promise.all(
      node.extends.map(async ({ expression }) => {
        const parent = await declarationOf(module.file, expression.name);
        return parent ? await shapesOf(parent.module, parent.node) : [];
      }),
    );
    const own = membersOf(module, node.body.body, node.body.start);
    return [new Map([...inherited.flat().flatMap((fields) => [...fields]), ...own])];
  }
  if (node.type === "TSTypeAliasDeclaration") return shapesOf(module, node.typeAnnotation);
  if (node.type === "TSTypeLiteral") return [membersOf(module, node.members, node.start)];
  if (node.type === "TSParenthesizedType") return shapesOf(module, node.typeAnnotation);
  if (node.type === "TSUnionType") return (await Promise.all(node.types.map((one) => shapesOf(module, one)))).flat();
  if (node.type !== "TSTypeReference" || node.typeName.type !== "Identifier") return [];
  if (/^(Partial|Readonly|NonNullable)$/.test(node.typeName.name))
    return shapesOf(module, node.typeArguments.params[0]);
  const named = await declarationOf(module.file, node.typeName.name);
  return named ? shapesOf(named.module, named.node) : [];
}

function membersOf(module, members, begin) {
  const fields = new Map();
  let end = begin;
  for (const member of members) {
    if (member.type === "TSPropertySignature" && member.key.type === "Identifier") {
      const node = member.typeAnnotation.typeAnnotation;
      const text = module.code
        .slice(node.start, node.end)
        .replaceAll(/\/\*\*[\s\S]*?\*\//g, "")
        .replaceAll(/\s+/g, " ")
        .replaceAll("; }", " }")
        .replaceAll(/\breadonly |(?<=.) \| undefined\b|^\| /g, "");
      fields.set(member.key.name, {
        text,
        module,
        node,
        optional: member.optional,
        ...commentIn(module.code.slice(end, member.start)),
      });
    }
    end = member.end;
  }
  return fields;
}

/** The text of the comment before a field, and the default that it names. */
function commentIn(text) {
  const comment = text.slice(Math.max(0, text.lastIndexOf("/**")));
  if (!comment.startsWith("/**")) return { about: "", usual: undefined };
  const lines = comment.slice(3, comment.indexOf("*/")).split("\n");
  const joined = lines.map((line) => line.replace(/^\s*\* ?/, "").trim()).join(" ");
  const [about = "", usual] = joined.replaceAll(/\{@link (\w+)\}/g, "`$1`").split("@defaultValue");
  return { about: about.trim(), usual: usual?.trim() };
}
