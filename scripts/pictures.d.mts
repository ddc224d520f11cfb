import type { Palette } from "./pictures/svg.mjs";
/** Pictures drawn from the sources, by name. */
export const drawings: Readonly<Record<string, (palette: Palette) => string | Promise<string>>>;
