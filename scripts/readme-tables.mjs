// Writes the README's kernel tables, between their markers, from the ops' variant tables and the WGSL files' headers.
// What is public is read from src/index.ts; which WGSL files a name leads to, from what its definition mentions.
import { readFile, writeFile } from "node:fs/promises";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAstAsync } from "vite";

const root = new URL("..", import.meta.url);
const readText = (path) => readFile(new URL(path, root), "utf8");

/** Folders of ops in the order in which a token meets them, with their headings. Others follow. */
const headings = new Map([
  ["embedding", "Embedding"],
  ["norm", "Norms"],
  ["matmul", "Matrix products"],
  ["rope", "Rotary positions"],
  ["kv-cache", "Cache"],
  ["attention", "Attention"],
  ["softmax", "Softmax"],
  ["elementwise", "Elementwise"],
  ["reduce", "Reductions"],
  ["layout", "Layout"],
  ["random", "Random numbers"],
  ["sampling", "Sampling"],
]);

/** The README with its kernel tables brought up to date. Throws where a marker is missing. */
export async function withKernelTables(readme) {
  const [begin, end] = ["<!-- kernels: written by scripts/readme-tables.mjs -->", "<!-- /kernels -->"];
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md lacks the markers ${begin} and ${end}`);
  return `${readme.slice(0, from)}${begin}\n\n${await kernelTables()}\n${readme.slice(to)}`;
}

async function kernelTables() {
  const ops = [];
  for (const { file, name } of await publicNames("src/index.ts")) {
    const [, folder] = /^src\/kernels\/([^/]+)\//.exec(file) ?? [];
    const variants = folder ? await variantsOf(file, name) : [];
    if (variants.some(({ shaders }) => shaders.length > 0)) ops.push({ folder, name, variants });
  }
  const folders = new Set([...headings.keys(), ...ops.map(({ folder }) => folder)]);
  const tables = [];
  for (const folder of folders) {
    const rows = await tableRows(ops.filter((op) => op.folder === folder));
    if (rows.length === 0) continue;
    const head = ["| op | variant | file | computes | choose it |", "|---|---|---|---|---|"];
    tables.push([`**${headings.get(folder) ?? folder}**`, "", ...head, ...rows, ""].join("\n"));
  }
  return tables.join("\n");
}

async function tableRows(ops) {
  const rows = new Map();
  for (const { name, variants } of ops) {
    for (const { variant, shaders } of variants) {
      for (const shader of shaders) {
        const key = `${variant ?? ""} ${shader}`;
        const row = rows.get(key) ?? { names: [], variant, shader };
        row.names.push(`\`${name}\``);
        rows.set(key, row);
      }
    }
  }
  const lines = [];
  let above = { names: "", variant: "" };
  for (const row of rows.values()) {
    const { computes, choose } = readHeader(await readText(`shaders/${row.shader}.wgsl`));
    const names = row.names.join(", ");
    const variant = row.variant ? `\`${row.variant}\`` : "";
    const sameOp = names === above.names;
    const own = [sameOp ? "" : names, sameOp && variant === above.variant ? "" : variant];
    above = { names, variant };
    const cells = [...own, `[${row.shader}](shaders/${row.shader}.wgsl)`, formula(computes), plain(choose)];
    lines.push(`| ${cells.join(" | ")} |`.replaceAll(/ +/g, " "));
  }
  return lines;
}

/** A header's first paragraph as a table cell: after a colon and two spaces it is code. */
function formula(text) {
  const [words = "", ...code] = text.split(/(?<=:) {2,}/);
  return code.length === 0 ? plain(text) : `${plain(words)} \`${code.join(" ").replaceAll("|", "\\|")}\``;
}

const plain = (text) => text.replaceAll(/[|*_<]/g, (mark) => (mark === "<" ? "&lt;" : `\\${mark}`));

/** A header's first paragraph, which says what is computed, and its sentences that say when to choose the kernel. */
export function readHeader(wgsl) {
  const lines = wgsl.split("\n").filter((line, i) => i > 0 || !line.startsWith("// with:"));
  const comment = lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith("//")),
    )
    .map((line) => line.slice(2).trim());
  const [computes = "", ...rest] = comment
    .join("\n")
    .split("\n\n")
    .map((paragraph) => paragraph.replaceAll("\n", " "));
  const sentences = rest.flatMap((paragraph) => paragraph.split(/(?<=[.)])\s+(?=[A-Z])/));
  const chosen = sentences
    .filter((sentence) => /^Choose /.test(sentence))
    .map((text) => text.replace(/^Choose it /, ""));
  return { computes, choose: chosen.join(" ").replace(/\.$/, "") };
}

// ── What TypeScript says ────────────────────────────────────────────────────────────────────────────────────────────

const modules = new Map();

/** A module's imports and definitions by local name, and where its exports come from. */
async function readModule(file) {
  const known = modules.get(file);
  if (known) return known;
  const { body } = await parseAstAsync(await readText(file), { lang: "ts" });
  const module = { imports: new Map(), definitions: new Map(), exports: [] };
  const resolve = (source) => (source.startsWith(".") ? posix.join(posix.dirname(file), source) : source);
  for (const statement of body) {
    const declaration = statement.declaration ?? statement;
    if (statement.type === "ImportDeclaration" && statement.importKind !== "type") {
      for (const { local, imported } of statement.specifiers) {
        module.imports.set(local.name, { file: resolve(statement.source.value), name: imported?.name ?? "default" });
      }
    } else if (statement.type === "ExportNamedDeclaration" && statement.source && statement.exportKind !== "type") {
      for (const { local, exportKind } of statement.specifiers) {
        if (exportKind !== "type") module.exports.push({ file: resolve(statement.source.value), name: local.name });
      }
    } else if (declaration.type === "VariableDeclaration") {
      for (const { id, init } of declaration.declarations) if (init) module.definitions.set(id.name, init);
    } else if (declaration.type === "FunctionDeclaration") {
      module.definitions.set(declaration.id.name, declaration);
    }
  }
  modules.set(file, module);
  return module;
}

async function publicNames(file) {
  return (await readModule(file)).exports;
}

/** The rows of an op's table, or for a kernel one row without a name; with the WGSL files that each leads to. */
async function variantsOf(file, name) {
  const { definitions } = await readModule(file);
  const definition = definitions.get(name);
  const field = definition?.arguments?.[0]?.properties?.find(({ key }) => key?.name === "variants");
  if (definition?.callee?.name !== "defineOp" || !field) {
    return [{ variant: undefined, shaders: await shadersOf(file, name) }];
  }
  let table = field.value.type === "Identifier" ? definitions.get(field.value.name) : field.value;
  while (table?.expression) table = table.expression; // `as const`
  const rows = [];
  for (const { key, value } of table?.properties ?? []) {
    rows.push({ variant: key.name ?? key.value, shaders: await shadersMentioned(file, value) });
  }
  return rows;
}

/** The kernels' WGSL files that a definition leads to, through other definitions under src/kernels. */
async function shadersOf(file, name, seen = new Set()) {
  if (seen.has(`${file} ${name}`)) return [];
  seen.add(`${file} ${name}`);
  const { imports, definitions } = await readModule(file);
  const imported = imports.get(name);
  if (imported) {
    const [, shader] = /^#shaders\/(.*)\.wgsl$/.exec(imported.file) ?? [];
    if (shader) return [shader];
    return /^src\/kernels\/[^/]+\//.test(imported.file) ? shadersOf(imported.file, imported.name, seen) : [];
  }
  const definition = definitions.get(name);
  return definition ? shadersMentioned(file, definition, seen) : [];
}

async function shadersMentioned(file, node, seen = new Set()) {
  const shaders = [];
  for (const name of mentions(node)) shaders.push(...(await shadersOf(file, name, seen)));
  return [...new Set(shaders)];
}

/** Names that an expression or function uses; types and the names of fields are not among them. */
function* mentions(node) {
  if (Array.isArray(node)) {
    for (const item of node) yield* mentions(item);
  } else if (node && typeof node.type === "string") {
    if (node.type === "Identifier") yield node.name;
    if (node.type.startsWith("TS") && !node.expression) return;
    for (const [field, value] of Object.entries(node)) {
      const names = (field === "key" && !node.shorthand) || field === "property" || field.startsWith("type");
      if (typeof value === "object" && (!names || node.computed)) yield* mentions(value);
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const readme = await readText("README.md");
  const fresh = await withKernelTables(readme);
  if (fresh !== readme) await writeFile(new URL("README.md", root), fresh);
}
