// The guides, as their reader follows them: all in one copy of the clone, which the tests of each share. It is copied,
// bundled and type-checked once.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CliRun, cliInTurn } from "../../cli/run-cli.ts";
import { atEnd } from "../../support/devices/at-end.ts";
import { type Followed, followGuide } from "../../support/guide.ts";
import { scratchCopy } from "../../support/scratch-copy.ts";
import * as layouts from "./questions/cache-layouts.ts";
import * as formats from "./questions/formats-and-families.ts";
import * as mods from "./questions/masks-scores-variants.ts";

const all = { mods, layouts, formats };
const guides = {
  mask: "docs/guides/add-a-mask.md",
  score: "docs/guides/add-a-score.md",
  variant: "docs/guides/add-a-variant.md",
  layout: "docs/guides/add-a-cache-layout.md",
  format: "docs/guides/add-a-storage-format.md",
  family: "docs/guides/add-a-model-family.md",
};

const generated = ["kernels", "masks-and-scores", "storage-formats"] as const;
const documenting = `import { readFile } from "node:fs/promises";
import { freshPage } from "./scripts/docs.mjs";
import { drawings } from "./scripts/pictures.mjs";
import { palettes } from "./scripts/pictures/svg.mjs";
const texts = { masks: await drawings.masks(palettes.dark) };
for (const name of ${JSON.stringify(generated)}) {
  const file = "docs/" + name + ".md";
  texts[name] = await freshPage(file, await readFile(file, "utf8"));
}
console.log(JSON.stringify(texts));`;

/** The copy in which the guides are followed. */
export interface FollowedCopy {
  /** Files that each guide makes and changes. */
  readonly followed: Readonly<Record<keyof typeof guides, Followed>>;
  /** Runs the copy's command line. */
  readonly command: (...words: string[]) => Promise<CliRun>;
  /** What the program of questions of some guides prints. */
  readonly answers: (questions: keyof typeof all, ...args: string[]) => Promise<unknown>;
  /** What TypeScript says of the texts of all guides. */
  readonly typeErrors: () => Promise<string>;
  /** Pages of docs/ with their generated parts, by name, and the dark picture of masks. */
  readonly documents: () => Promise<Readonly<Record<(typeof generated)[number] | "masks", string>>>;
}

/** What takes a bench long and no guide is about: a large softmax. */
const shorter = { file: "bench/ops/tables.ts", given: "softmaxShape(1024, 1024)", less: "softmaxShape(3, 40)" };

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** The copy, with all guides followed and bundled. */
export const followedCopy: () => Promise<FollowedCopy> = once(async () => {
  const { folder, node, bundle, typeErrors, remove } = await scratchCopy();
  atEnd().add(remove);
  const followed: Partial<Record<keyof typeof guides, Followed>> = {};
  for (const [name, file] of Object.entries(guides) as [keyof typeof guides, string][])
    followed[name] = await followGuide(file, folder);
  const { file, given, less } = shorter;
  const text = await readFile(join(folder, file), "utf8");
  if (!text.includes(given)) throw new Error(`${file} has no ${given}`);
  await writeFile(join(folder, file), text.replace(given, less));
  const entries: Record<string, string> = { cli: "src/cli/main.ts" };
  for (const [name, { questions }] of Object.entries(all)) {
    entries[name] = `${name}.ts`;
    await writeFile(join(folder, `${name}.ts`), questions);
  }
  await bundle(entries);
  const inTurn = cliInTurn();
  atEnd().add(async () => inTurn.close());
  const runs = (name: string, args: readonly string[]) => inTurn.run(args, join(folder, `out/${name}.mjs`));
  return {
    followed: followed as FollowedCopy["followed"],
    command: (...words) => runs("cli", words),
    answers: async (questions, ...args) => JSON.parse((await runs(questions, args)).stdout),
    typeErrors: once(() => {
      const texts = Object.entries(all).map(([name, { typed }]) => [`${name}-typed.ts`, typed] as const);
      return typeErrors(
        Object.fromEntries(texts),
        Object.values(all).map(({ checkedFile }) => checkedFile),
      );
    }),
    documents: once(async () => JSON.parse((await node("--input-type=module", "-e", documenting)).stdout)),
  };
});
