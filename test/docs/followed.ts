// The guides, as their reader follows them: all in one copy of the clone, which the tests of each share. It is copied,
// bundled and type-checked once.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { atEnd } from "../support/at-end.ts";
import { type Followed, followGuide } from "../support/guide.ts";
import { scratchCopy } from "../support/scratch-copy.ts";
import * as layouts from "./questions/cache-layouts.ts";
import * as formats from "./questions/formats-and-families.ts";
import * as mods from "./questions/masks-scores-variants.ts";

const all = { mods, layouts, formats };
const guides = {
  mask: "docs/add-a-mask.md",
  score: "docs/add-a-score.md",
  variant: "docs/add-a-variant.md",
  layout: "docs/add-a-cache-layout.md",
  format: "docs/add-a-storage-format.md",
  family: "docs/add-a-model-family.md",
};

/** The copy in which the guides are followed. */
export interface FollowedCopy {
  readonly folder: string;
  /** Files that each guide makes and changes. */
  readonly followed: Readonly<Record<keyof typeof guides, Followed>>;
  readonly node: (...args: string[]) => Promise<{ stdout: string }>;
  /** What the program of questions of some guides prints. */
  readonly answers: (questions: keyof typeof all, ...args: string[]) => Promise<unknown>;
  /** What TypeScript says of the texts of all guides. */
  readonly typeErrors: () => Promise<string>;
  /** Writes the generated parts of docs/ and the pictures that are drawn. */
  readonly document: () => Promise<void>;
}

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
  const entries: Record<string, string> = { cli: "src/cli/main.ts" };
  for (const [name, { questions }] of Object.entries(all)) {
    entries[name] = `${name}.ts`;
    await writeFile(join(folder, `${name}.ts`), questions);
  }
  await bundle(entries);
  return {
    ...{ folder, node, followed: followed as FollowedCopy["followed"] },
    answers: async (questions, ...args) => JSON.parse((await node(`out/${questions}.mjs`, ...args)).stdout),
    typeErrors: once(() => {
      const texts = Object.entries(all).map(([name, { typed }]) => [`${name}-typed.ts`, typed] as const);
      return typeErrors(
        Object.fromEntries(texts),
        Object.values(all).map(({ checkedFile }) => checkedFile),
      );
    }),
    document: once(async () => {
      await node("scripts/docs.mjs");
      await node("scripts/pictures.mjs", "--drawn");
    }),
  };
});
