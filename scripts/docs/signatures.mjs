// The signatures of public values, from the declarations that TypeScript generates.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseAstAsync } from "vite";
import { fieldsOfType } from "./interfaces.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const modules = new Map();
let texts;

/** The build's declarations of all modules, by their sources. */
async function declarations() {
  await mkdir(join(root, ".cache"), { recursive: true });
  const folder = await mkdtemp(join(root, ".cache", "docs-types-"));
  try {
    const command = ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--declarationDir", folder];
    await promisify(execFile)(process.execPath, command, { cwd: root });
    const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(".d.ts"));
    const read = files.map(async (file) => [
      `src/${file.replaceAll("\\", "/").replace(/\.d\.ts$/, ".ts")}`,
      await readFile(join(folder, file), "utf8"),
    ]);
    return new Map(await Promise.all(read));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A module's declarations by name, and the names that it re-exports with the modules that they come from. */
async function moduleOf(file) {
  const known = modules.get(file);
  if (known) return known;
  texts ??= declarations();
  const code = (await texts).get(file) ?? "";
  const { body } = await parseAstAsync(code, { lang: "ts" });
  const module = { code, declared: new Map(), passed: new Map(), stars: [] };
  for (const statement of body) {
    const { type, source, specifiers = [], declaration } = statement;
    const target = source && posix.join(posix.dirname(file), source.value.replace(/(\.d)?\.[jt]s$/, ".ts"));
    if (type === "ExportAllDeclaration") module.stars.push(target);
    for (const { local, exported, imported } of specifiers) {
      const [here, there] = exported ? [exported.name, local.name] : [local.name, imported?.name ?? "default"];
      module.passed.set(here, { file: target ?? file, name: there });
    }
    const node = declaration ?? statement;
    const isValue = /Function|Class/.test(node.type) && node.id;
    const nodes = node.type === "VariableDeclaration" ? node.declarations : isValue ? [node] : [];
    for (const one of nodes) {
      module.declared.set(one.id.name, [...(module.declared.get(one.id.name) ?? []), one]);
    }
  }
  modules.set(file, module);
  return module;
}

/** Where a name is declared: the module, and its declarations there, for a function one per signature. */
async function declarationsOf(file, name) {
  const module = await moduleOf(file);
  const nodes = module.declared.get(name);
  if (nodes) return { file, module, nodes };
  const from = module.passed.get(name);
  if (from && !(from.file === file && from.name === name)) return declarationsOf(from.file, from.name);
  for (const star of module.stars) {
    const found = await declarationsOf(star, name);
    if (found) return found;
  }
  return undefined;
}

/** The signatures of a public value: one or more for a function, those of the class and its members for a class. */
export async function signaturesOf(file, name) {
  const found = await declarationsOf(file, name);
  if (!found) throw new Error(`${file}: TypeScript declares no ${name}`);
  const { module, nodes } = found;
  const type = nodes[0].id.typeAnnotation?.typeAnnotation;
  if (type?.type === "TSTypeQuery" && type.exprName.type === "Identifier") {
    const [first = "", ...others] = await signaturesOf(found.file, type.exprName.name);
    return [first.replace(type.exprName.name, name), ...others];
  }
  return (await Promise.all(nodes.map((node) => signatureOf(found.file, module.code, name, node)))).flat();
}

async function signatureOf(file, code, name, node) {
  if (node.type === "ClassDeclaration") return [`class ${name}`, ...membersOf(code, node)];
  if (node.type !== "VariableDeclarator") return [`${name}${callText(code, node)}`];
  const type = node.id.typeAnnotation?.typeAnnotation;
  if (!type) return [`${name}`];
  if (type.type === "TSFunctionType") return [`${name}${callText(code, type)}`];
  return [(await kernelText(file, code, name, type)) ?? `${name}: ${typeText(code, type)}`];
}

/** The public members of a class. */
const membersOf = (code, { body }) =>
  body.body.flatMap((member) => {
    const { type, key, accessibility, value, kind, computed, typeAnnotation } = member;
    if (accessibility === "private" || accessibility === "protected" || key?.type === "PrivateIdentifier") return [];
    if (kind === "constructor") return [];
    const name = computed ? `[${code.slice(key.start, key.end)}]` : key?.name;
    const place = member.static ? `static ${name}` : name;
    if (kind === "get") return [`${place}: ${typeText(code, (value ?? member).returnType.typeAnnotation)}`];
    if (/MethodDefinition$/.test(type)) return [`${place}${callText(code, value)}`];
    return typeAnnotation ? [`${place}: ${typeText(code, typeAnnotation.typeAnnotation)}`] : [];
  });

/** The parameters and the result of a function. */
function callText(code, { params, returnType, typeParameters }) {
  const given = params.map((param) => parameterText(code, param)).join(", ");
  const types = typeParameters?.params.map(({ name }) => name.name ?? name).join(", ");
  return `${types ? `<${types}>` : ""}(${given})${returnType ? `: ${typeText(code, returnType.typeAnnotation)}` : ""}`;
}

function parameterText(code, param) {
  const annotation = (param.typeAnnotation ?? param.argument?.typeAnnotation)?.typeAnnotation;
  const type = annotation ? typeText(code, annotation) : "";
  const name =
    param.type === "Identifier"
      ? `${param.name}${param.optional ? "?" : ""}`
      : param.type === "RestElement"
        ? `...${param.argument.name}`
        : typeText(code, { start: param.start, end: annotation ? param.typeAnnotation.start : param.end });
  // `gpu: Gpu` says nothing that `gpu` does not.
  return type === "" || type.toLowerCase() === name.toLowerCase() ? name : `${name}: ${type}`;
}

/** A type as written, on one line and without the parts common to most types. */
const typeText = (code, { start, end }) =>
  code
    .slice(start, end)
    .replaceAll(/\/\*\*?[\s\S]*?\*\//g, "")
    .replaceAll(/\breadonly /g, "")
    .replaceAll(/\bimport\("[^"]*"\)\./g, "")
    .replaceAll(/\bReadonly<((?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*)>/g, "$1")
    .replaceAll(/ \| undefined\b| & \{\}/g, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/\((\w+(?:\[\])+)\)\[\]/g, "$1[]")
    .replaceAll(/; \}/g, " }")
    .replaceAll(/; /g, ", ")
    .replaceAll(/(?<=Array)<ArrayBuffer(Like)?>/g, "")
    .trim();

/** The call of an op or of a kernel, whose types name its tensors, options and results; undefined for other types. */
async function kernelText(file, code, name, { typeName, qualifier, typeArguments }) {
  const type = (typeName ?? qualifier)?.name;
  const params = typeArguments?.params ?? [];
  if (type === "Op") {
    const [tensors, options, result] = params.map((param) => typeText(code, param));
    return `${name}(gpu, tensors: ${tensors}, ${await optionsText(file, options)}): ${result}`;
  }
  if (type !== "Kernel") return undefined;
  const [inputs, changed, outputs, options] = params;
  const given = [...patternsOf(code, inputs), ...patternsOf(code, changed)].join(", ");
  const made = [...patternsOf(code, outputs), ...patternsOf(code, changed)].join(", ");
  const text = typeText(code, options);
  const more = /^(object|\{\}|Record<string, never>)$/.test(text) ? "" : `, ${await optionsText(file, text)}`;
  return `${name}(gpu, ${given ? `{ ${given} }` : "{}"}${more}): { ${made} }`;
}

/** The options parameter of a type, with a question mark if all options may be omitted. */
async function optionsText(file, type) {
  const own = type.replaceAll(/Into<(?:[^<>]|<[^<>]*>)*>/g, "");
  const named = (own.match(/\b[A-Z]\w+/g) ?? []).map((name) => fieldsOfType(file, name).catch(() => new Map()));
  const fields = (await Promise.all(named)).flatMap((one) => [...(one?.values() ?? [])]);
  const isNeeded = fields.some(({ optional }) => !optional) || /[{,] \w+: /.test(own);
  return `options${isNeeded ? "" : "?"}: ${type}`;
}

/** `x: [rows, cols]` of a type that has patterns of axes. */
function patternsOf(code, node) {
  if (node.type !== "TSTypeLiteral") return [];
  return node.members.map(({ key, typeAnnotation }) => {
    const pattern = typeText(code, typeAnnotation.typeAnnotation).replaceAll('"', "");
    return `${key.name ?? key.value}: ${pattern}`;
  });
}
