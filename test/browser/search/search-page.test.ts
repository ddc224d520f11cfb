// The search page: texts are indexed, searched and kept in every browser there is, stopped, exported and imported in
// one.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import recorded from "../../../site/search/results/recorded.json" with { type: "json" };
import { amendments } from "../../../site/shell/amendments.ts";
import { bundledModel } from "../../support/bundled.ts";
import { type BuiltSite, buildSite, screenshot } from "../attention/attention-site.ts";
import { browsers, type DrivenBrowser, type DrivenPage, type OpenedPage, ownIn, simulatedIn } from "../driven.ts";
import { type ModelsServer, serveModels } from "../engine/models-server.ts";
import { open, recordTexts } from "../generate/generate-ways.ts";
import { press, rowsOf, shown, until, write } from "../ways.ts";
import { chosenFiles, ofPage, type SearchPage, violationsIn } from "./search-ways.ts";

/** Part of the example: recorded answers that are in it are the same without the rest. */
const part = amendments.slice(amendments.indexOf("Second Amendment"), amendments.indexOf("Fifth Amendment")).trim();
/** The part, and so many short passages that they are computed at two times: 64 are at once. */
const pasted = [part, ...Array.from({ length: 63 }, (_, i) => `Page ${i + 1}`)].join("\n\n");
const indexed = /^66 passages of Your text, indexed by http:.*Kept in this browser\./;
/** Recorded queries, with the hits that are in the part. */
const answered = ["can the police search my home", "soldiers living in my house"].map((query) => ({
  query,
  hits: (recorded.queries.find((one) => one.query === query)?.hits ?? []).filter(({ sentences }) =>
    part.includes(sentences.at(-1) ?? ""),
  ),
}));

let site: BuiltSite;
let models: ModelsServer;

beforeAll(async () => {
  site = await buildSite();
  models = await serveModels({
    "use-lite": { folder: "examples/models/use-lite" },
    "voices-dense": { folder: bundledModel },
  });
});

afterAll(async () => {
  await models?.close();
  await site?.close();
});

/** A text of notes about different things, each a passage of its own. */
const notes = [
  "The cat sleeps in the garden all day",
  "Our train was late again this morning",
  "The bank raised its interest rate today",
  "The volcano erupted and its lava covered the village",
]
  .map((words, i) => `Note ${i + 1}. ${words}.`)
  .join("\n\n");

describe.each(browsers)("the search page in $name", ({ name, missing, start }) => {
  if (missing) return test.skip(missing);
  let browser: DrivenBrowser;
  let page: DrivenPage;
  let errors: readonly string[];
  let resize: OpenedPage["resize"];
  let search: SearchPage;

  beforeAll(async () => {
    browser = await start();
    ({ page, errors, resize } = await browser.open(site.search()));
    await resize(1280, 900);
    search = ofPage(page);
  });

  afterAll(() => browser?.close());

  const eachWidth = async (state: string) => {
    for (const [width, height] of [
      [390, 844],
      [1280, 900],
    ] as const) {
      await resize(width, height);
      const scroll = await page.evaluate(() => document.documentElement.scrollWidth, undefined);
      expect(scroll).toBeLessThanOrEqual(width);
      await screenshot(page, `search-${state}-${name}-${width}`);
    }
    if (name === "Chromium") expect(await violationsIn(page)).toEqual([]); // it finds the same in both
  };

  const byAddress = () => site.search(`v=1&model=${encodeURIComponent(`${models.address}use-lite/`)}`);

  // One browser indexes part of the example, the others a few passages by a model that has an address.
  const whole = ownIn(name);
  const others = test.runIf(name !== "Chromium");

  test("shows recorded answers before anything is loaded, and names the model's size", async () => {
    await shown(page, "button.primary", /^Load USE-lite \(14\.0 MB\) and index 42 passages$/);
    const [first, second] = recorded.queries;
    expect(await search.results()).toEqual(
      first?.hits.map(({ sentences, sentence, cosine }) => ({
        words: sentences.join(" "),
        marked: sentences[sentence],
        cosine,
      })),
    );
    await press(page, "button.chip", new RegExp(`^${second?.query}$`));
    await shown(page, "#results h2", new RegExp(second?.query ?? ""));
    await eachWidth("first");
  });

  whole("indexes part of the example, stops at once, goes on, and answers as the recording says", async () => {
    await resize(1280, 900);
    await open(page, byAddress());
    await press(page, "summary", /^Paste a text$/);
    await write(page, "#pasted", pasted);
    await shown(page, "button.primary", /index 66 passages$/);
    const bars = await recordTexts(page, ".work progress");
    await search.stopOnceSomeAreDone();
    await press(page, "button.primary", /^Load http:/);
    const facts = await shown(page, "#index-facts", /not indexed yet/);
    const [, done = "", rest = ""] = /^(\d+) passages? of Your text.* (\d+) passages? (?:is|are) not/.exec(facts) ?? [];
    expect(Number(done)).toBeGreaterThan(0);
    expect(Number(done) + Number(rest)).toBe(66);
    await press(page, ".work button", /^Go on indexing$/);
    await shown(page, "#index-facts", indexed);
    const values = (await bars()).filter(Boolean).map(Number);
    expect(values.length).toBeGreaterThan(1);
    for (const { query, hits } of answered) {
      expect(hits.length).toBeGreaterThan(0);
      await search.ask(query);
      const found = await search.marked();
      expect(found.slice(0, hits.length).map(({ words, marked }) => ({ words, marked }))).toEqual(
        hits.map(({ sentences, sentence }) => ({ words: sentences.join(" "), marked: sentences[sentence] })),
      );
      for (const [i, { cosine }] of hits.entries()) expect(found[i]?.cosine).toBeCloseTo(cosine, 2);
    }
    expect(await shown(page, "#timing", /./)).toMatch(/^The nearest of 66 passages in [\d.]+ ms: /);
    await press(page, "button", /^Show 10 more$/);
    await until("more results", async () => (await search.results()).length === 15);
  });

  whole("draws a map whose points can be picked, with a table that says the same", async () => {
    await shown(page, ".map p", /^Each point is a passage.*hold \d+ % and [\d.]+ % of their variance/);
    expect(await search.coloursOfMap()).toBeGreaterThan(3);
    await press(page, "summary", /^The map as a table$/);
    const rowsOnPage = (count: number) =>
      until(`${count} rows`, async () => {
        const found = await rowsOf(page, ".map");
        return found.length === count && found;
      });
    const first = await rowsOnPage(50); // at a time
    await press(page, ".map button", /^After$/);
    const rows = [...first, ...(await rowsOnPage(16))];
    await press(page, ".map button", /^Before$/);
    const ranks = rows.map((row) => row[3]).filter((rank) => rank !== "–");
    expect(ranks.map(Number).sort((p, q) => p - q)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    await press(page, ".map button.words", /^Third Amendment/);
    await shown(page, ".picked", /^Third Amendment, 1791 No Soldier shall/);
    await eachWidth("found");
    await search.ask("");
    await shown(page, "#results", /^Type a query above/);
    await search.pickOnMap(rows, 0); // where the table says the first passage is
    await shown(page, ".picked", /^Second Amendment, 1791 A well regulated Militia/);
    await press(page, ".picked button", /^Find what is similar$/);
    await until("itself first", async () => (await search.results())[0]?.words.startsWith("Second Amendment"));
    expect((await search.results())[0]?.cosine).toBeCloseTo(1, 2);
  });

  whole(
    "after a reload the index is there, and a query loads its model from the storage, the server down",
    async () => {
      models.asked.length = 0;
      models.down = true;
      await open(page, byAddress());
      await shown(page, "#index-facts", indexed);
      await shown(page, ".map p", /^Each point is a passage/);
      await shown(page, "#query-hint", /loaded from this browser's storage when you begin/);
      const calls = await search.keepCalls();
      await search.ask("soldiers living in my house");
      models.down = false;
      expect((await search.marked())[0]?.marked).toMatch(/No Soldier shall/);
      // The worker has the index and its map already: neither is made again in the way of the first query. The texts of
      // the panel, which are cut to be counted, are another matter.
      expect((await calls()).filter((name) => name !== "cut").slice(0, 2)).toEqual(["load", "check"]);
      // What is asked for is a byte of each file, which says that it is the same.
      expect(
        models.asked.filter((request) => /\.safetensors(?! bytes=0-0$)/.test(request) && !/index\.json/.test(request)),
      ).toEqual([]);
    },
  );

  whole("exports the index, and imports it again after it was deleted", async () => {
    const found = async () => (await search.results()).map(({ words, cosine }) => [words, cosine]); // without marks
    await search.ask("who may own a weapon");
    const before = await found();
    await search.keepExport();
    await press(page, ".panel button", /^Export$/);
    await press(page, ".panel button", /^Delete$/);
    await shown(page, "#results p", /^There is no recorded answer to “who may own a weapon”/);
    await search.importExport();
    await shown(page, "#index-facts", indexed);
    await search.ask("who may own a weapon");
    expect(await found()).toEqual(before);
  });

  whole("refuses files that are no index or no text, says why, and keeps what there is", async () => {
    await chosenFiles(page, "#index-file", [["bad.safetensors", "nothing of the kind"]]);
    await shown(page, '[role="alert"]', /bad\.safetensors: header length.*Choose a file that this page exported/);
    await eachWidth("refused");
    await chosenFiles(page, "#text-files", [["picture.png", "\u0000\u0001"]]);
    await shown(page, '[role="alert"]', /picture\.png holds bytes of zero, expected a text file/);
    await shown(page, "#index-facts", /^66 passages/);
    await chosenFiles(page, "#text-files", [
      ["a.txt", "One text. It has two sentences."],
      ["b.md", "# Another\n\nIt has **one**."],
    ]);
    await shown(page, "#cut", /^2 texts, .*, 2 passages\./);
    await until("no error", () => page.evaluate(() => document.querySelector('[role="alert"]') === null, undefined));
  });

  test.each(
    simulatedIn(name, [
      ["no-webgpu", /has no WebGPU/],
      ["wrong-numbers", /computes attention wrongly.*do not trust what is found/],
      ["out-of-memory", /out of memory.*Use a smaller model/],
      ["not-found", /404.*Check the name/],
      ["network", /connection was lost.*Check the connection/],
    ]),
  )("says what is wrong and what to do: %s", async (state, says) => {
    await open(page, site.search(`v=1&sim=${state}`));
    await shown(page, '[role="alert"]', says);
    await shown(page, "button", /^Copy report$/);
    if (state === "no-webgpu" || state === "wrong-numbers") expect(await violationsIn(page)).toEqual([]);
  });

  others("a model by its address: its index is kept before its map is drawn, and finds the one", async () => {
    await open(page, byAddress());
    await press(page, "summary", /^Paste a text$/);
    await write(page, "#pasted", notes);
    const seen = await recordTexts(page, "main");
    await press(page, ".work button", /^Load http:.* \(14\.0 MB\) and index 4 passages$/);
    await shown(page, "#index-facts", /^4 passages of Your text, indexed by http:.*Kept in this browser\./);
    await shown(page, ".map p", /^Each point is a passage/);
    const texts = (await seen()).filter((text) => text.includes("4 passages of Your text"));
    const first = (words: string) => texts.findIndex((text) => text.includes(words));
    expect(first("Kept in this browser.")).toBeGreaterThanOrEqual(0);
    expect(first("Each point is a passage")).toBeGreaterThan(first("Kept in this browser."));
    await search.ask("hot molten rock destroyed houses");
    const [best] = await search.marked();
    expect(best?.words).toMatch(/^Note 4\. The volcano erupted/);
    expect(best?.marked).toMatch(/^The volcano erupted/);
  });

  whole("a folder that is no encoder's is refused before it is loaded", async () => {
    await open(page, site.search(`v=1&model=${encodeURIComponent(`${models.address}voices-dense/`)}`));
    await press(page, ".work button", /^Load http:.* and index 42 passages$/);
    await shown(page, '[role="alert"]', /model_type.*Choose a sentence encoder/);
  });

  // Where storage is forbidden, the page that trains goes on so.
  whole("goes on where storage is full, and says so", async () => {
    await open(page, site.search("v=1&sim=storage-full"));
    await shown(page, "#index-facts", indexed); // by a page that had room
    await search.keepExport();
    await press(page, ".panel button", /^Export$/);
    await search.importExport();
    await shown(page, "#index-facts", /^66 passages.*QuotaExceededError/);
  });

  whole.each(["downloading", "indexing"])("in dark and light breaks no rule while it is %s", async (state) => {
    await open(page, site.search(`v=1&sim=${state}`));
    await shown(page, ".work h2", /^(Loading|Indexing)/);
    for (const theme of ["light", "dark"]) {
      await page.evaluate((chosen) => {
        document.documentElement.dataset["theme"] = chosen;
      }, theme);
      expect(await violationsIn(page, theme === "dark" ? ["color-contrast"] : [])).toEqual([]); // all that a theme changes
      await screenshot(page, `search-${state}-${name}-${theme}`);
    }
  });

  test("no uncaught errors", () => expect(errors).toEqual([]));
});
