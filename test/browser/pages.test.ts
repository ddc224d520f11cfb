// Each page of the site once, as `npm test` looks at it: it is opened, its main way is walked, and it breaks no rule of
// axe. What else a page does is tested in files of its own, which `npm run test:full` runs.
import { existsSync, readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { goldenPrompts } from "../support/bundled.ts";
import { first } from "../support/first-tier.ts";
import { type BuiltSite, buildSite, screenshot } from "./attention/attention-site.ts";
import { browsers, type DrivenBrowser, type OpenedPage } from "./driven.ts";
import { outputIn } from "./generate/generate-ways.ts";
import { ofPage, violationsIn } from "./search/search-ways.ts";
import { ofTrain } from "./train/train-ways.ts";
import { ofTranslate } from "./translate/translate-ways.ts";
import { press, shown, untilIn, write } from "./ways.ts";

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
      await press(page, ".show-form button", /^Continue on my GPU · loads 10\.\d MB$/);
      // The recorded text goes, and the model's own takes its place.
      await shown(page, ".token-text", /^<\|bos\|><\|\w+\|>compiler: [\s\S]{30}/);
      await page.click(".show-form button"); // it stops, if it has not ended
      await shown(page, ".show-says", /^Written on .*tokens a second\.$/);
      await shown(page, ".show-form button", /^Continue on my GPU$/);
      // And goes on with another token in the place of one.
      const before = await shown(page, ".token-text", /./);
      await page.click(".token-text .token:nth-of-type(9)");
      const instead = await shown(page, ".alternatives .instead", /./);
      await press(page, ".alternatives .instead", /./);
      const look = ([old, token]: readonly [string, string]) => {
        const now = document.querySelector(".token-text")?.textContent?.trim() ?? "";
        return now !== old && now.includes(token);
      };
      const token = instead.replaceAll("␣", " ").replaceAll("↵", "\n");
      await untilIn(page, "a text that has another token", look, [before, token.trim()] as const);
      await page.click(".show-form button");
      await shown(page, ".show-says", /^W/);
    },
  },
  attention: {
    at: ({ address }) => address("batches=q24&heads=2x32&variants=naive&masks=sliding-window:20&samples=1&peaks=0"),
    walk: async ({ page }) => {
      await press(page, "button", /^Run 1 measurement$/);
      await shown(page, "main, body", /1 of 1 results? (is|are) right/);
    },
    everywhere: true,
  },
  course: {
    at: ({ front }) => front.replace("index.html", "course/bag-of-words.html"),
    walk: async ({ page }) => {
      await press(page, "button", /^Run it here$/);
      await shown(page, "#verdict", /✓ The claim holds for this run/);
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
  readme: {
    at: ({ front }) => front.replace("index.html", "readme/index.html"),
    walk: ({ page }) => shown(page, "nav a", /^Peers$/),
  },
  peers: {
    at: ({ peers }) => `${peers}#cases=q20:2x32&interval=5&samples=3&budget=20&peaks=0`,
    walk: async ({ page }) => {
      await press(page, "button", /^Measure 1 case$/);
      await shown(page, "table tr", /^shaderformer.*✓ pass/);
      await shown(page, "button", /^Download JSON$/);
      // The header and this engine: the others are not there.
      const rows = await page.evaluate(() => {
        const measured = [...document.querySelectorAll("table")].find(({ textContent }) =>
          textContent?.includes("✓ pass"),
        );
        return [...(measured?.rows ?? [])].map(({ textContent }) => textContent);
      }, undefined);
      expect(rows).toEqual([expect.anything(), expect.stringMatching(/^shaderformer.*✓ pass/)]);
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
  study: {
    at: ({ front }) => front.replace("index.html", "study/index.html"),
    walk: async ({ page }) => {
      await press(page, ".kernel-name", /^gemm\/tiled$/);
      await shown(page, "#check .verdicts", /✓ right Interpreted/);
      await page.keyboard.press("b");
      await shown(page, ".strand", /waits at the barrier/);
      await shown(page, "#counter-table th", /^gemm\/coalesced$/);
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
      if (name === "Chromium") expect(await violationsIn(opened.page)).toEqual([]); // it finds the same in both
      expect(opened.errors).toEqual([]);
      await opened.page.close();
    },
  );
});
