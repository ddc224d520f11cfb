// Each page of the site once, as `npm test` looks at it: it is opened, its main way is walked, and it breaks no rule of axe.
// What else a page does is tested in files of its own, which `npm run test:full` runs.
import { existsSync, readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { goldenPrompts } from "../support/bundled.ts";
import { first } from "../support/first-tier.ts";
import { type BuiltSite, buildSite, screenshot } from "./attention-site.ts";
import { browsers, type DrivenBrowser, type OpenedPage } from "./driven.ts";
import { outputIn } from "./generate-ways.ts";
import { ofPage, violationsIn } from "./search-ways.ts";
import { ofTrain } from "./train-ways.ts";
import { ofTranslate } from "./translate-ways.ts";
import { press, shown, write } from "./ways.ts";

const [golden] = goldenPrompts;

/** A page's address, and its main way. */
interface Way {
  readonly at: (site: BuiltSite) => string;
  readonly walk: (opened: OpenedPage) => Promise<unknown>;
  /** Whether it is walked in Firefox too. */
  readonly everywhere?: true;
}

const ways: Readonly<Record<string, Way>> = {
  front: {
    at: ({ front }) => front,
    walk: async ({ page }) => {
      await shown(page, "button", /^Play again$/);
      await write(page, ".show-form input", "compiler: ");
      await press(page, ".show-form button", /^Continue on my GPU · loads/);
      // The recorded text goes, and the model's own takes its place.
      await shown(page, ".token-text", /^<\|bos\|><\|\w+\|>compiler: [\s\S]{10}/);
      await shown(page, ".show-form button", /^Stop$|^Continue on my GPU$/);
    },
  },
  attention: {
    at: ({ address }) =>
      address("batches=q24&heads=2x32&variants=naive,flash&masks=sliding-window:20&samples=1&peaks=0"),
    walk: async ({ page }) => {
      await press(page, "button", /^Run \d+ measurements?$/);
      await shown(page, "main, body", /2 of 2 results are right/);
    },
    everywhere: true,
  },
  generate: {
    at: ({ generate }) =>
      generate(`prompt=${encodeURIComponent(golden?.prompt ?? "")}&max_tokens=8&temperature=0&run=1`),
    walk: async ({ page }) => {
      const { text } = await outputIn(page, "done");
      expect(text.length).toBeGreaterThan(8);
      expect(golden?.greedyText.startsWith(text)).toBe(true);
    },
    everywhere: true,
  },
  kernels: {
    at: ({ front }) => front.replace("index.html", "kernels/index.html"),
    walk: async ({ page }) => {
      await press(page, "button", /auto$/);
      await shown(page, "button", /light$/);
    },
  },
  readme: {
    at: ({ front }) => front.replace("index.html", "readme/index.html"),
    walk: ({ page }) => shown(page, "nav a", /^Peers$/),
  },
  peers: {
    at: ({ peers }) => `${peers}#cases=q20:2x32&interval=5&samples=3&budget=20&peaks=0`,
    walk: async ({ page }) => {
      await press(page, "button", /^Measure 1 case$/);
      await shown(page, "table tr", /^shaderformer.*✓ pass/);
    },
  },
  search: {
    at: ({ search }) => search(),
    walk: async ({ page }) => {
      await press(page, "summary", /^Paste a text$/);
      await write(
        page,
        "#pasted",
        "The cat sleeps in the garden until the evening.\n\nThe volcano erupts, and its lava is hot.",
      );
      await press(page, ".work button", /^Load USE-lite .*index 2 passages$/);
      await shown(page, "#index-facts", /^2 passages of Your text, indexed by USE-lite\./);
      const search = ofPage(page);
      await search.ask("molten rock");
      expect((await search.marked())[0]?.words).toMatch(/volcano/);
    },
  },
  train: {
    at: ({ train }) => train("v=1&layers=1&heads=2&head_width=8&batch=16&every=5&lr=0.002"),
    walk: async (opened) => {
      await press(opened.page, ".work button", /^One step$/);
      const train = ofTrain(opened, "");
      await train.reach(1);
      await train.rests();
      const [[, loss] = []] = await train.losses();
      expect(Math.abs(Number(loss) - Math.log(3))).toBeLessThan(0.15); // as by guessing
    },
  },
  translate: {
    at: ({ translate }) => translate(),
    walk: async ({ page }) => {
      const written = await shown(page, "#written", /^\d{4}-\d\d-\d\d$/); // the recorded run
      await press(page, "button.primary", /^Load dates/);
      expect(await ofTranslate(page).ended()).toBe(written);
    },
  },
};

const folders = readdirSync("site").filter((name) => existsSync(`site/${name}/index.html`));

test("every page of the site has a way", first, () => {
  expect(Object.keys(ways).sort()).toEqual([...folders, "front"].sort());
});

describe.each(browsers)("in $name", ({ name, missing, start }) => {
  const walked = Object.entries(ways).filter(([, way]) => name === "Chromium" || way.everywhere);
  let site: BuiltSite;
  let browser: DrivenBrowser;
  beforeAll(async () => {
    if (missing) return;
    site = await buildSite();
    browser = await start();
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  test.skipIf(missing).each(walked)(
    "%s: its main way, without errors, by axe's rules",
    first,
    async (page, { at, walk }) => {
      const opened = await browser.open(at(site));
      await opened.resize(1280, 900);
      await walk(opened);
      await screenshot(opened.page, `page-${page}-${name}`);
      expect(await violationsIn(opened.page)).toEqual([]);
      expect(opened.errors).toEqual([]);
      await opened.page.close();
    },
  );
});
