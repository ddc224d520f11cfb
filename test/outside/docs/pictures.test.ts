// Pictures that are drawn from the sources are up to date; those of the browser need one (`node scripts/pictures.mjs`).
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { palettes } from "../../../scripts/pictures/svg.mjs";
import { drawings, pathOf } from "../../../scripts/pictures.mjs";

test.each(Object.entries(drawings))("%s is up to date (node scripts/pictures.mjs --drawn)", async (name, draw) => {
  for (const [theme, palette] of Object.entries(palettes)) {
    const path = pathOf(name, theme);
    expect(await draw(palette), path).toBe(await readFile(`docs/pictures/${path}`, "utf8"));
  }
});
