// Reads an op's variants from the TypeScript of src/kernels, with their comments and the WGSL files they use. It works
// on syntax trees, so it needs neither a build nor a GPU.
import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import { parseAstAsync } from "vite";

const root = new URL("../..", import.meta.url);
const modules = new Map();

/** Names of values that a module re-exports, with the paths of the modules that they come from. */
export async function exportsOf(file) {
  return (await readModule(file)).exports.filter(({ isType }) => !isType);
}

/**
 * Everything that a module re-exports, in order: its name there and as exported, the file that defines it, whether it
 * is a type, the first sentence of its comment, its heading (`// Tensors`), and the module that lists it.
 */
export async function surfaceOf(file) {
  const { exports } = await readModule(file);
  const surface = [];
  for (const { file: from, name, exported, isType, heading, entry } of exports) {
    const { definitions } = await readModule(from);
    const doc = await docOf(from, name);
    const [sentence = ""] = doc.split(/ {2,}|(?<=[.!?])(?<!\be\.g\.)\s+(?=[A-Z`(])/);
    surface.push({ name, exported, file: from, isType, heading, entry, sentence, isKnown: definitions.has(name) });
  }
  return surface;
}

/**
 * The rows of an op's table, or one row without a name for an op without a table, each with the WGSL files that it
 * leads to.
 */
export async function variantsOf(file, name) {
  const { definitions } = await readModule(file);
  const definition = definitions.get(name)?.node;
  const rows =
    tableIn(definition, definitions) ?? tableIn(definitions.get(definition?.callee?.name)?.node, definitions);
  if (!rows) return [{ about: "", shaders: await shadersOf(file, name) }];
  const variants = [];
  for (const { key, value } of rows) {
    const about = value.type === "Identifier" ? await docOf(file, value.name) : "";
    const own = await shadersMentioned(file, value);
    const shaders = own.length > 0 ? own : await shadersOf(file, name); // of a function's own names
    variants.push({ variant: key.name ?? key.value, about, shaders });
  }
  return variants;
}

/** The rows of the table in a call of defineOp anywhere in a definition, or undefined. */
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

/** The comment above a definition, without comment delimiters and link syntax. */
async function docOf(file, name) {
  const { imports, definitions, exports } = await readModule(file);
  const passedOn = exports.find((one) => one.exported === name);
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
    return /^src\/kernels\/[^/]+(?:\/|\.ts$)/.test(imported.file) ? shadersOf(imported.file, imported.name, seen) : [];
  }
  const definition = definitions.get(name)?.node;
  return definition ? shadersMentioned(file, definition, seen) : [];
}

const kernels = new Map();

/** True for a file with an entry point; the others are parts. */
async function isKernel(shader) {
  if (!kernels.has(shader)) {
    kernels.set(shader, (await readFile(new URL(`shaders/${shader}.wgsl`, root), "utf8")).includes("@compute"));
  }
  return kernels.get(shader);
}

const mentioned = new WeakMap();

/** The names in a definition, to which many others lead. */
function namesIn(node) {
  if (mentioned.has(node)) return mentioned.get(node);
  const names = new Set();
  walk(node, ({ type, name }) => {
    if (type === "Identifier") names.add(name);
  });
  mentioned.set(node, names);
  return names;
}

async function shadersMentioned(file, node, seen = new Set()) {
  const shaders = [];
  for (const name of namesIn(node)) shaders.push(...(await shadersOf(file, name, seen)));
  return [...new Set(shaders)];
}

/** Visits the nodes of an expression or function that are values, not types or names of fields. */
function walk(node, visit) {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, visit);
  } else if (typeof node?.type === "string") {
    if (node.type.startsWith("TS") && !node.expression) return;
    visit(node);
    // In `layerOf(product)` the product is more informative than the function.
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
    const blocks = between.split(/\n\s*\n/).map((block) => block.trim());
    heading = blocks.findLast((block) => /^\/\/ .+$/.test(block))?.slice(3) ?? heading; // a comment of one line
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
      for (const { local, exported, exportKind } of statement.specifiers ?? []) {
        const isType = isTypes || exportKind === "type";
        const names = { name: local.name, exported: exported.name };
        module.exports.push({ file: source, ...names, isType, heading, entry: file });
      }
    } else if (declaration.type === "VariableDeclaration") {
      for (const { id, init } of declaration.declarations) module.definitions.set(id.name, { node: init, doc });
    } else if (declaration.id) {
      // In a function with several signatures, the first has the comment.
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
