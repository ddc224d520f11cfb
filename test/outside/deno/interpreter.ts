// Tests of the interpreter that run the same text on a device: here on wgpu.

/** Files of such tests. */
export const interpreterFiles: readonly string[] = ["gpu", "gpu-texts", "print/print-on-gpu"].map(
  (name) => `wgsl/run/${name}.test.ts`,
);

const indexed = "naga ends the process at an array in a value that is indexed by what is computed";

/** What naga does to valid texts, by the tests that have them. */
const nagaFails: Readonly<Record<string, string>> = {
  "structs and arrays by value": indexed,
  "places that are computed once": indexed,
  pointers: "naga takes no pointer to workgroup memory as an argument",
  "lanes that part and meet": "naga misses the return in an endless loop",
};

/** Why naga cannot take the text of a test; undefined where it can. */
export function nagaFailsAt(id: string): string | undefined {
  if (!interpreterFiles.some((file) => id.startsWith(file))) return undefined;
  return Object.entries(nagaFails).find(([name]) => id.endsWith(` > ${name}: the same bits`))?.[1];
}
