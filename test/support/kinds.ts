// What test files need, read from their texts: by it `npm test` chooses what it runs.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path/posix";

/** What opens a device, a browser or a process. */
const opening =
  /\b(openGpu|testGpu|quickGpu|loadModel|openModel|openEncoder|createEngine|createTrainer|serveEngine|requestNodeAdapter|runCli|openChromium|openFirefox|serveSite)\b|"node:child_process"|"(playwright|puppeteer)-core"|"[./]+\/examples\/\d/;

/** What marks a test of the first tier: see first-tier.ts. Those of `goldenTests` have one. */
const marking = /from "[^"]*\/(first-tier|run-cases)\.ts"|\bgoldenTests\(/;

const texts = new Map<string, string>();
const read = (file: string): string => {
  const known = texts.get(file);
  if (known !== undefined) return known;
  const text = statSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file, "utf8") : "";
  texts.set(file, text);
  return text;
};

/** The file and what it imports of `test/`, directly or not. */
function withImports(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, target = ""] of read(file).matchAll(/\bfrom "(\.[^"]+\.ts)"|\bimport\("(\.[^"]+\.ts)"\)/g)) {
    const path = join(dirname(file), target);
    if (path.startsWith("test/")) withImports(path, seen);
  }
  return seen;
}

/** All test files, by their paths from the root. */
export const testFiles: readonly string[] = readdirSync("test", { recursive: true, encoding: "utf8" })
  .map((name) => `test/${name.replaceAll("\\", "/")}`)
  .filter((name) => name.endsWith(".test.ts"))
  .sort();

/** True of a file that opens no device, browser or process: `npm test` runs all of it. */
export const isUnit = (file: string): boolean =>
  ![...withImports(file)].some((one) => one !== "test/support/kinds.ts" && opening.test(read(one)));

/** True of another file that has tests of the first tier. */
export const hasFirst = (file: string): boolean => marking.test(read(file));

/** Kinds of test files, each a project of vitest.config.ts. */
export type Kind = "unit" | "kernels" | "models" | "engine" | "alone" | "outside" | "pages" | "generating";

/** Kinds by paths, the first that matches; `outside` are tests that other processes do the work of. */
const paths: readonly (readonly [Kind, RegExp])[] = [
  ["generating", /^browser\/generate\//],
  ["pages", /^browser\//],
  [
    "outside",
    /^(cli|outside\/(deno|package|docs))\/|^bench\/(cli|browser|peers\/peers-page)\.|^outside\/examples\/(outside-the-clone|projects)\./,
  ],
  [
    "kernels",
    /^(kernels|blocks|wgsl\/run)\/|^train\/gradients\/(maps|rules)|^bench\/(attention|backward|moe|own-mods)/,
  ],
  ["models", /^(generate|models|engine|fuzz)\//],
];

/** Files that measure the process they run in, or destroy devices on purpose, at which drivers may end the process. */
const alone = /^test\/(gpu\/(closing|patient-polling)|models\/quantised-memory|fuzz\/device-loss)\./;

/** What kind of test file it is. */
export const kindOf = (file: string): Kind =>
  alone.test(file)
    ? "alone"
    : isUnit(file)
      ? "unit"
      : (paths.find(([, path]) => path.test(file.slice("test/".length)))?.[0] ?? "engine");
