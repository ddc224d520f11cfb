// The table of storage formats, from their records.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { bundled } from "./bundled.mjs";

const columns = 1024;
const source = "src/tensor/formats";

/** The file of a packed format's codec. */
function codecFile(name) {
  const own = name.replaceAll("_", "-").replace(/^(int4)-\d+$/, "$1-groups");
  const files = readdirSync(`${source}/codecs`).filter((file) => file !== "table.ts");
  const file =
    files.find((file) => file === `${own}.ts`) ??
    files.find((file) => readFileSync(`${source}/codecs/${file}`, "utf8").includes(`"${name}"`));
  return `codecs/${file}`;
}

/** The table of docs/storage-formats.md. */
export async function formatTable() {
  const { formats, packedFormats, weightTypes, cacheFormats, bytesOf } = await bundled(`
    export * from "./src/tensor/formats/formats.ts";
    export * from "./src/tensor/formats/packed.ts";
    export * from "./src/kernels/formats/formats.ts";`);
  const packed = new Set(packedFormats.map(({ name }) => name));
  const rows = Object.values(formats).map(({ name, planes }) => {
    const cells = Object.entries(planes).map(([plane, { elements, bytes }]) => {
      const shared = elements === "row" ? "a row" : elements === 1 ? "an element" : `${elements} elements`;
      return `${plane}: ${bytes} ${bytes === 1 ? "byte" : "bytes"} for ${shared}`;
    });
    const has = (list) => (list.includes(name) ? "yes" : "");
    const bits = (8 * bytesOf(name, [1, columns])) / columns;
    const file = name.replaceAll("_", "-");
    const codec = packed.has(name)
      ? codecFile(name)
      : `${name.startsWith("int") ? "integers" : /^b?f16$/.test(name) ? "floats" : "formats"}.ts`;
    const parts = [`lib/weight/${file}`, `lib/weight/${file.replace(/-\d+$/, "-groups")}`, `attention/cache/${file}`];
    const part = parts.find((path) => existsSync(`shaders/${path}.wgsl`));
    const links = [
      `[codec](../${source}/${codec})`,
      ...(part && (has(weightTypes) || has(cacheFormats)) ? [`[part](../shaders/${part}.wgsl)`] : []),
    ];
    return [
      `\`${name}\``,
      cells.join("; "),
      String(+bits.toFixed(3)),
      has(weightTypes),
      has(cacheFormats),
      links.join(", "),
    ];
  });
  const head = ["format", "planes", "bits per element", "weights", "keys and values", "where"];
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |\n`).join("");
}
