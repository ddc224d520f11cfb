/** Parts of the project whose mistakes are tried, and their results written, apart from the others. */
export type Area = "core" | "attention" | "laboratory" | "mixture";

export const areas: readonly Area[] = ["core", "attention", "laboratory", "mixture"];

/**
 * What the laboratory adds to attention: masks and scores, layouts, types, block maps, and algorithms on top of
 * variants.
 */
const laboratory = [
  /^src\/(blocks|kernels\/attention)\//,
  /^shaders\/(linear-attention|peaks)\//,
  /^shaders\/kv-cache\/(append-quantised|ring-positions|slot\/(paged|ring)|word\/half)/,
  /^shaders\/attention\/(address\/(paged|ring)|block-map|joined|sink\/learned|unknown|merge|two-pass|subgroups)/,
  /^shaders\/attention\/(cache\/(?!f32)|masks\/(?!causal|full|sliding-window)|scores\/(?!none|softcap))/,
  /^shaders\/(attention\/flash\/(tiles\/map|rows-of\/(group|split)|store\/parts)|lib\/extent\/ragged)/,
];

/** The area of a file. */
export function areaOf(file: string): Area {
  if (/^(shaders|src\/kernels)\/moe\//.test(file)) return "mixture";
  if (laboratory.some((pattern) => pattern.test(file))) return "laboratory";
  return file.startsWith("shaders/attention/") ? "attention" : "core";
}
