// Draws the pictures of docs/pictures, light and dark: how a GPU runs a dispatch, the path of a token, planned memory,
// flash's tiles, the roofline of measured results, every mask, what pre-training is worth, what each section of the course
// shows, and three pages in a browser.
//   npm run site:build && node scripts/pictures.mjs [--drawn]     --drawn skips the browser
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { architecture } from "./pictures/architecture.mjs";
import { course } from "./pictures/course.mjs";
import { flashTiles } from "./pictures/flash-tiles.mjs";
import { gpu } from "./pictures/gpu.mjs";
import { maskGallery } from "./pictures/mask-gallery.mjs";
import { memory } from "./pictures/memory.mjs";
import { pages } from "./pictures/pages.mjs";
import { pretraining } from "./pictures/pretraining.mjs";
import { roofline } from "./pictures/roofline.mjs";
import { palettes } from "./pictures/svg.mjs";
import { findChromium } from "./setup/chromium.mjs";

/** Pictures drawn from the sources, by name. */
export const drawings = {
  "flash-tiles": flashTiles,
  roofline,
  masks: maskGallery,
  gpu,
  architecture,
  memory,
  pretraining,
  ...course,
};

/** The path of a picture in a theme: those of a folder have a folder for each theme. */
export const pathOf = (name, theme) =>
  name.includes("/") ? name.replace("/", `-${theme}/`).concat(".svg") : `${name}-${theme}.svg`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = new URL("../docs/pictures/", import.meta.url);
  for (const theme of Object.keys(palettes)) mkdirSync(new URL(`course-${theme}/`, folder), { recursive: true });
  const save = (name, content) => writeFileSync(fileURLToPath(new URL(name, folder)), content);
  for (const [name, draw] of Object.entries(drawings)) {
    for (const [theme, palette] of Object.entries(palettes)) save(pathOf(name, theme), await draw(palette));
  }
  if (!process.argv.includes("--drawn")) await pages(save, findChromium());
}
