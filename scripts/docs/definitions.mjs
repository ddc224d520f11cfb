// Reads an op's variants from the TypeScript of src/kernels, with their comments and the WGSL files they use. It works
// on syntax trees, so that neither a build nor a GPU is needed.
import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import { parseAstAsync } from "vite";

const root = new URL("../..", import.meta.url);
const modules = new Map();

/** Names of values that a module exports from others, with those modules' paths. */
export async function exportsOf(file) {
  return (await readModule(file)).exports.filter(({ isType }) => !isType);
}

/**
 * Everything that a module exports from others, in order: name, the file that defines it, whether it is a type, the
 * first sentence of its comment, its heading (`// Tensors`), and the module that lists it.
 */
export async function surfaceOf(file) {
  const { exports } = await readModule(file);
  const surface = [];
  for (const { file: from, name, isType, heading, entry } of exports) {
    const { definitions } = await readModule(from);
    const doc = await docOf(from, name);
    const [sentence = ""] = doc.split(/ {2,}|(?<=[.!?])\s+(?=[A-Z`(])/);
    surface.push({ name, file: from, isType, heading, entry, sentence, isKnown: definitions.has(name) });
  }
  return surface;
}

/** The rows of an op's table, or for an op without one a row without a name; with the WGSL files that each leads to. */
export async function variantsOf(file, name) {
  const { definitions } = await readModule(file);
  const definition = definitions.get(name)?.node;
  const rows =
    tableIn(definition, definitions) ?? tableIn(definitions.get(definition?.callee?.name)?.node, definitions);
  if (!rows) return [{ about: "", shaders: await shadersOf(file, name) }];
  const variants = [];
  for (const { key, value } of rows) {
    const about = value.type === "Identifier" ? await docOf(file, value.name) : "";
    variants.push({ variant: key.name ?? key.value, about, shaders: await shadersMentioned(file, value) });
  }
  return variants;
}

/** The rows of the table in a call of defineOp, somewhere in a definition; undefined where there is none. */
function tableIn(definition, definitions) {
  let table;
  const locals = new Map();
  walk(definition, (node) => {
    if (node.type === "VariableDeclarator") locals.set(node.id.name, node.init);
    if (node.type === "CallExpression" && node.callee.name === "defineOp") {
      table = node.arguments[0]?.properties.find(({ key }) => key?.name === "variants")?.value;
    }
  });
  if (table?.type === "Identifier") table = locals.get(table.name) ?? definitions.get(table.name)?.node;
  while (table?.expression) table = table.expression; // `as const`
  return table?.properties;
}

/** The comment above a definition, without the marks of a comment and of links. */
async function docOf(file, name) {
  const { imports, definitions, exports } = await readModule(file);
  const passedOn = exports.find((one) => one.name === name);
  const imported = imports.get(name) ?? passedOn;
  if (imported) return docOf(imported.file, imported.name);
  return definitions.get(name)?.doc ?? "";
}

/** The kernels' WGSL files that a definition leads to, through other definitions under src/kernels. */
async function shadersOf(file, name, seen = new Set()) {
  if (seen.has(`${file} ${name}`)) return [];
  seen.add(`${file} ${name}`);
  const { imports, definitions } = await readModule(file);
  const imported = imports.get(name);
  if (imported) {
    const [, shader] = /^#shaders\/(.*)\.wgsl$/.exec(imported.file) ?? [];
    if (shader) return (await isKernel(shader)) ? [shader] : [];
    return /^src\/kernels\/[^/]+\//.test(imported.file) ? shadersOf(imported.file, imported.name, seen) : [];
  }
  const definition = definitions.get(name)?.node;
  return definition ? shadersMentioned(file, definition, seen) : [];
}

/** True for a file with an entry point; the others are parts. */
async function isKernel(shader) {
  return (await readFile(new URL(`shaders/${shader}.wgsl`, root), "utf8")).includes("@compute");
}

async function shadersMentioned(file, node, seen = new Set()) {
  const names = [];
  walk(node, ({ type, name }) => {
    if (type === "Identifier") names.push(name);
  });
  const shaders = [];
  for (const name of names) shaders.push(...(await shadersOf(file, name, seen)));
  return [...new Set(shaders)];
}

/** Visits the nodes of an expression or function that are values: neither types nor the names of fields. */
function walk(node, visit) {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, visit);
  } else if (typeof node?.type === "string") {
    if (node.type.startsWith("TS") && !node.expression) return;
    visit(node);
    // Of `layerOf(product)` the product says more than the function does.
    const fields = Object.entries(node);
    const isComposed = node.type === "CallExpression" && node.arguments.every(({ type }) => type === "Identifier");
    if (isComposed) fields.sort(([p], [q]) => Number(p === "callee") - Number(q === "callee"));
    for (const [field, value] of fields) {
      const isName = (field === "key" && !node.shorthand) || field === "property" || field.startsWith("type");
      if (typeof value === "object" && (!isName || node.computed)) walk(value, visit);
    }
  }
}

/** A module's imports and definitions by local name, and the names it exports from other modules. */
async function readModule(file) {
  const known = modules.get(file);
  if (known) return known;
  const code = await readFile(new URL(file, root), "utf8");
  const { body } = await parseAstAsync(code, { lang: "ts" });
  const module = { imports: new Map(), definitions: new Map(), exports: [] };
  let heading = "";
  const resolve = (source) => (source.startsWith(".") ? posix.join(posix.dirname(file), source) : source);
  let end = 0;
  for (const statement of body) {
    const between = code.slice(end, statement.start);
    const doc = docIn(between);
    heading =
      between
        .match(/^\/\/ (.+)$/gm)
        ?.at(-1)
        ?.slice(3) ?? heading;
    end = statement.end;
    const declaration = statement.declaration ?? statement;
    const source = statement.source && resolve(statement.source.value);
    const isTypes = statement.importKind === "type" || statement.exportKind === "type";
    if (statement.type === "ImportDeclaration" && isTypes) continue;
    if (statement.type === "ImportDeclaration") {
      for (const { local, imported } of statement.specifiers) {
        module.imports.set(local.name, { file: source, name: imported?.name ?? "default" });
      }
    } else if (source) {
      // `export *` passes on what another entry exports.
      const all = statement.type === "ExportAllDeclaration" ? (await readModule(source)).exports : [];
      for (const one of all) module.exports.push({ ...one, entry: source });
      for (const { local, exportKind } of statement.specifiers ?? []) {
        const isType = isTypes || exportKind === "type";
        module.exports.push({ file: source, name: local.name, isType, heading, entry: file });
      }
    } else if (declaration.type === "VariableDeclaration") {
      for (const { id, init } of declaration.declarations) module.definitions.set(id.name, { node: init, doc });
    } else if (declaration.id) {
      // Of a function with several signatures, the first has the comment.
      const { name } = declaration.id;
      module.definitions.set(name, { node: declaration, doc: doc || (module.definitions.get(name)?.doc ?? "") });
    }
  }
  modules.set(file, module);
  return module;
}

/** The last documentation comment between two statements, as one line. */
function docIn(text) {
  const comment = text.slice(Math.max(0, text.lastIndexOf("/**")));
  if (!comment.startsWith("/**")) return "";
  const lines = comment.slice(3, comment.indexOf("*/")).split("\n");
  const joined = lines.map((line) => line.replace(/^\s*\* ?/, "").trim()).join(" ");
  return joined.replaceAll(/\{@link (\w+)\}/g, "$1").trim();
}
