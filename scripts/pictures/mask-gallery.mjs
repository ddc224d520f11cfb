// Every mask, drawn from its definition in the reference: queries downward, keys to the right.
import { build } from "esbuild";
import { element, label, picture, rect } from "./svg.mjs";

const tokens = 24;
const shape = { b: 1, h: 2, t: tokens, s: tokens, unit: 3 };

/** The mask records in the engine's sources, bundled for Node. */
async function masksOf() {
  const { wgslEsbuild } = await import("shaderformer/wgsl");
  const contents = `export { examplesOf, maskRecords } from "./src/check/attention-records.ts";
    export { maskOf } from "./src/reference/described.ts";`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: new URL("../..", import.meta.url).pathname, loader: "ts" },
    bundle: true,
    format: "esm",
    platform: "node",
    write: false,
    packages: "external",
    plugins: [wgslEsbuild()],
    logLevel: "error",
  });
  const { examplesOf, maskRecords, maskOf } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`
  );
  return [...maskRecords].map(([name, record]) => {
    const [telling] = Object.values(examplesOf(new Map([[name, record]]), shape)); // the first is for the gallery
    return { name, sees: maskOf(telling) };
  });
}

export async function maskGallery(palette) {
  const masks = await masksOf();
  const [columns, cell, gap, head] = [5, 6, 26, 30];
  const size = cell * tokens;
  const rows = Math.ceil(masks.length / columns);
  const parts = masks.map(({ name, sees }, i) => {
    const x = gap + (i % columns) * (size + gap);
    const y = gap + Math.floor(i / columns) * (size + head + gap);
    const cells = [];
    for (let query = 0; query < tokens; query++) {
      for (let key = 0; key < tokens; key++) {
        if (sees(0, 0, query, key)) cells.push(`M${key * cell} ${query * cell}h${cell - 1}v${cell - 1}h${1 - cell}z`);
      }
    }
    return element(
      "g",
      { transform: `translate(${x} ${y})` },
      label(0, 14, name, palette.text, { size: 14, weight: 600 }),
      element(
        "g",
        { transform: `translate(0 ${head - 6})` },
        rect(0, 0, size, size, palette.empty),
        element("path", { d: cells.join(""), fill: palette.series[0] }),
      ),
    );
  });
  const names = masks.map(({ name }) => name).join(", ");
  return picture(
    gap + columns * (size + gap),
    gap + rows * (size + head + gap),
    palette,
    `Masks of attention, queries downward and keys to the right: ${names}`,
    ...parts,
  );
}
