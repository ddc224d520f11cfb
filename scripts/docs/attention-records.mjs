// The tables of masks and scores, from their records.
import { bundled } from "./bundled.mjs";
import { formula, readHeader } from "./kernel-tables.mjs";

let loaded;

/** The records and the data derived from them. */
async function records() {
  loaded ??= bundled(`
      export * from "./src/check/attention-records.ts";
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
      formula(sentence(record)).replaceAll(mark, "*"),
      `${wgsl}, ${source}`,
    ];
  });
  const head = ["written", "given to `attention`", "computes", "files"];
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |\n`).join("");
}

/** Marks names of parameters until they are set in italics, after text outside code has been escaped. */
const mark = "\u0001";

/** The first part of the header of a record's file, with fields of its uniform written as plain names. */
function sentence({ name, part, parameters }) {
  const [first] = readHeader(part.code).computes.split(/(?<=\.)\s+(?=[A-Z])/);
  const italic = (_, field) => {
    if (!(field in parameters)) throw new Error(`${part.name} begins with ${field}, which is no parameter of ${name}`);
    return `${mark}${field}${mark}`;
  };
  return first.replaceAll(/\b(?:mask|score)_params\.(\w+)/g, italic).replace(/\.$/, "");
}

function describe(name, parameter) {
  if (parameter.type === "tensor") return `${name}: ${parameter.dtype} ${parameter.pattern}`;
  if (parameter.type === "choice") return `${name}?: ${parameter.of.map((one) => JSON.stringify(one)).join(" | ")}`;
  return parameter.optional ? `${name}?` : name;
}

const escaped = (text) => text.replaceAll("|", "\\|");
