// The tables of kernels, from the ops' variant tables and the headers of the WGSL files. Public names come from the
// entries, the WGSL files of a name from its definition.
import { readFile } from "node:fs/promises";
import { exportsOf, variantsOf } from "./definitions.mjs";
import { ladderTables } from "./ladder-tables.mjs";

const root = new URL("../..", import.meta.url);
const readText = (path) => readFile(new URL(path, root), "utf8");

/** Folders of ops in the order in which a token passes through them, with their headings. Others follow. */
const headings = new Map([
  ["embedding", "Embedding"],
  ["norm", "Norms"],
  ["matmul", "Linear layers"],
  ["gemm", "Matrix products"],
  ["rope", "Rotary positions"],
  ["kv-cache", "Cache"],
  ["attention", "Attention"],
  ["alignment", "Attention of 2014 and 2015"],
  ["selected-keys", "Attention over selected keys"],
  ["linear-attention", "Attention without a softmax"],
  ["linear-recurrence", "Delta rules and state spaces"],
  ["short-convolution", "Short convolutions"],
  ["softmax", "Softmax"],
  ["cross-entropy", "Losses"],
  ["elementwise", "Elementwise"],
  ["recurrent", "Recurrent layers"],
  ["reduce", "Reductions"],
  ["layout", "Layout"],
  ["random", "Random numbers"],
  ["sampling", "Sampling"],
  ["moe", "Mixtures of experts"],
  ["optimizer", "Optimizers"],
  ["peaks", "Peaks of a device"],
]);

/** The kernel tables of docs/kernels.md, and those of ladders. */
export async function kernelTables() {
  const ops = [];
  const named = await Promise.all(["src/index.ts", "src/train/index.ts"].map((entry) => exportsOf(entry)));
  for (const { file, name } of named.flat()) {
    const [, folder] = /^src\/kernels\/([^/]+?)(?:\/|\.ts$)/.exec(file) ?? [];
    const variants = folder ? await variantsOf(file, name) : [];
    if (variants.some(({ shaders }) => shaders.length > 0)) ops.push({ folder, name, variants });
  }
  for (const op of ops) op.variants = op.variants.map((variant) => ({ ...variant, shaders: ownOf(op, variant, ops) }));
  const folders = new Set([...headings.keys(), ...ops.map(({ folder }) => folder)]);
  const tables = [];
  for (const folder of folders) {
    const own = ops.filter((op) => op.folder === folder);
    if (own.length > 0) tables.push(`## ${headings.get(folder) ?? folder}\n\n${await table(own)}`);
  }
  return [...tables, await ladderTables()].join("\n");
}

/**
 * The files of a variant without those of other ops' variants, which have separate rows; if none is left, all of them.
 */
function ownOf(op, { shaders }, ops) {
  const others = ops.filter(({ name, variants }) => name !== op.name && variants.length > 1);
  const theirs = new Set(others.flatMap(({ variants }) => variants.flatMap((variant) => variant.shaders)));
  const own = shaders.filter((shader) => !theirs.has(shader));
  return own.length > 0 ? own : shaders;
}

/** The table of a folder's ops, without the columns of variants if no op has any. */
async function table(ops) {
  const rows = new Map();
  for (const { name, variants } of ops) {
    for (const { variant = "", about, shaders } of variants) {
      for (const [i, shader] of shaders.entries()) {
        const row = rows.get(`${variant} ${shader}`) ?? { names: [], variant, shader, about: i === 0 ? about : "" };
        row.names.push(`\`${name}\``);
        rows.set(`${variant} ${shader}`, row);
      }
    }
  }
  const short = [...rows.values()].every(({ variant }) => variant === "");
  const cells = [
    short ? ["op", "file", "computes"] : ["op", "variant", "file", "computes", "how, and when to choose it"],
    short ? ["---", "---", "---"] : ["---", "---", "---", "---", "---"],
  ];
  let above = { names: "", variant: "" };
  for (const { names: list, variant, shader, about } of rows.values()) {
    const { computes, choose } = readHeader(await readText(`shaders/${shader}.wgsl`));
    const names = list.join(", ");
    const sameOp = names === above.names;
    const op = sameOp ? "" : names;
    const named = variant === "" || (sameOp && variant === above.variant) ? "" : `\`${variant}\``;
    above = { names, variant };
    const file = `[${shader}](../shaders/${shader}.wgsl)`;
    // If one file has several variants, its header describes the first.
    const first = [...rows.values()].find((row) => row.shader === shader);
    const adds = first?.variant === variant && !saysWhen(about, choose);
    const how = plain([about, adds ? choose : ""].filter(Boolean).join(" "));
    cells.push(short ? [op, file, formula(computes)] : [op, named, file, formula(computes), how]);
  }
  return cells.map((row) => `| ${row.join(" | ")} |\n`.replaceAll(/ +/g, " ")).join("");
}

/** Whether a variant's text says when to choose it, or says what the header's choice says. */
function saysWhen(about, choice) {
  const [, condition = ""] = /^choose it (.*)\.$/i.exec(choice) ?? [];
  return /\bchoose it\b/i.test(about) || (condition !== "" && about.toLowerCase().includes(condition.toLowerCase()));
}

/** A header's first paragraph as a table cell: after a colon and two spaces it is code. */
export function formula(text) {
  const [words = "", ...code] = text.split(/(?<=:) {2,}/);
  return code.length === 0 ? plain(text) : `${plain(words)} \`${code.join(" ").replaceAll("|", "\\|")}\``;
}

const plain = (text) => text.replaceAll(/[|*_<]/g, (mark) => (mark === "<" ? "&lt;" : `\\${mark}`));

/** A header's first paragraph, with the definition, and its sentences on when to choose the kernel. */
export function readHeader(wgsl) {
  const lines = wgsl.split("\n").filter((line) => !line.startsWith("// with:"));
  const comment = lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith("//")),
    )
    .map((line) => line.slice(2).trim());
  const [first = "", ...others] = comment.join("\n").split("\n\n");
  const rest = others.map((paragraph) => paragraph.replaceAll("\n", " "));
  // A definition of several lines is the second paragraph, a line each.
  const continued = /,$/.test(first) ? ` ${others[0]?.replaceAll(/\n| {4,}/g, "; ") ?? ""}` : "";
  const computes = first.replaceAll("\n", " ") + continued;
  const sentences = rest.flatMap((paragraph) => paragraph.split(/(?<=[.)])\s+(?=[A-Z])/));
  const choices = sentences.flatMap((sentence) => /\bchoose it\b.*/i.exec(sentence) ?? []);
  return { computes, choose: choices.map((text) => text.replace(/^c/, "C")).join(" ") };
}
