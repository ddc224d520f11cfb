// The tables of masks and scores and the picture of all masks, from their records.
import { bundled } from "./bundled.mjs";
import { formula, readHeader } from "./kernel-tables.mjs";

let loaded;

/** The records and what is derived from them. */
async function records() {
  loaded ??= bundled(`
      export * from "./src/check/attention-records.ts";
      export { maskOf } from "./src/reference/described.ts";
      export { formOf } from "./bench/attention/spelling.ts";`);
  return loaded;
}

/** The tables of docs/masks-and-scores.md. */
export async function recordTables() {
  const { maskRecords, scoreRecords } = await records();
  return `## Masks\n\n${await table(maskRecords, "masks")}\n## Scores\n\n${await table(scoreRecords, "scores")}`;
}

async function table(all, folder) {
  const { formOf } = await records();
  const rows = [...all.values()].map((record) => {
    const { name, part } = record;
    const given = Object.entries(record.parameters).map(([key, parameter]) => describe(key, parameter));
    const what = given.length === 0 ? `\`"${name}"\`` : `\`{ kind: "${name}", ${given.join(", ")} }\``;
    const wgsl = `[WGSL](../shaders/${part.name}.wgsl)`;
    const source = `[record](../src/kernels/attention/${folder}/${name}.ts)`;
    return [
      `\`${escaped(formOf(record))}\``,
      escaped(what),
      formula(sentence(part.code)).replaceAll(mark, "*"),
      `${wgsl}, ${source}`,
    ];
  });
  const head = ["written", "given to `attention`", "computes", "files"];
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |\n`).join("");
}

/** Stands around names of parameters until they are set in italics: what is not in code is escaped before. */
const mark = "\u0001";

/** What a file's header says first, its uniform's fields by their names alone. */
function sentence(code) {
  const [first] = readHeader(code).computes.split(/(?<=\.)\s+(?=[A-Z])/);
  return first.replaceAll(/\b(?:mask|score)_params\.(\w+)/g, `${mark}$1${mark}`).replace(/\.$/, "");
}

function describe(name, parameter) {
  if (parameter.type === "tensor") return `${name}: ${parameter.dtype} ${parameter.pattern}`;
  if (parameter.type === "choice") return `${name}?: ${parameter.of.map((one) => JSON.stringify(one)).join(" | ")}`;
  return parameter.optional ? `${name}?` : name;
}

const escaped = (text) => text.replaceAll("|", "\\|");

/** Positions and the shortest window of the pictures, and pixels of a pair. */
const [size, unit, cell] = [32, 4, 4];
const columns = 5;

/** All masks drawn, a picture for each record: rows are queries, columns keys. */
export async function maskGallery() {
  const { examplesOf, maskOf, maskRecords } = await records();
  const [side, pitch, header] = [size * cell, size * cell + 24, 22];
  const pictures = [...maskRecords.values()].map((record, i) => {
    const [example] = Object.values(
      examplesOf(new Map([[record.name, record]]), { b: 1, h: 1, t: size, s: size, unit }),
    );
    const mask = maskOf(example, 0);
    const [x, y] = [(i % columns) * pitch, Math.floor(i / columns) * (side + header + 18) + header];
    const rows = Array.from({ length: size }, (_, query) => runs((key) => mask(0, 0, query, key), query)).join("");
    return (
      `<g transform="translate(${x} ${y})"><text y="-8">${record.name}</text>` +
      `<rect width="${side}" height="${side}"/><path transform="scale(${cell})" d="${rows}"/></g>\n`
    );
  });
  const [width, height] = [columns * pitch - 24, Math.ceil(pictures.length / columns) * (side + header + 18) - 12];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 0 ${width + 4} ${height}" role="img">
<title>Which keys (columns) each query (row) sees with each mask</title>
<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
rect { fill: none; stroke: #d0d7de }
path { fill: #2a6fdb }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } rect { stroke: #444c56 } path { fill: #6ea8fe } }
</style>
${pictures.join("")}</svg>
`;
}

/** The keys that a query sees as rectangles of a path, one for each run. */
function runs(sees, query) {
  let path = "";
  for (let key = 0; key < size; key++) {
    if (!sees(key)) continue;
    let end = key + 1;
    while (end < size && sees(end)) end++;
    path += `M${key} ${query}h${end - key}v1h${key - end}z`;
    key = end;
  }
  return path;
}
