// What scripts/measure/search.mjs measures, of a small index: each way of pressing keys has its answers and its times.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PageOfBrowser } from "../../../bench/search/browsers.ts";
import { formatSearch } from "../../../bench/search/report.ts";
import { measurePage } from "../../../bench/search/run.ts";
import { needle, textOf } from "../../../bench/search/texts.ts";
import { cut, passageSizes, wordsOf } from "../../../site/search/text/passages.ts";
import { type BuiltSite, buildSite } from "../attention/attention-site.ts";
import { browsers } from "../driven.ts";

test("its texts are cut into as many passages as were asked for, one of them the one that is looked for", () => {
  for (const count of [3, 40, 5000]) {
    const passages = cut([{ name: "text", text: textOf(count) }], passageSizes.medium).map(wordsOf);
    expect(new Set(passages).size).toBe(count);
    expect(passages.filter((words) => words === needle.passage)).toHaveLength(1);
  }
});

describe.each(browsers.slice(0, 1))("keys on the search page in $name", ({ missing, start }) => {
  if (missing) return test.skip(missing);
  let site: BuiltSite;
  beforeAll(async () => {
    site = await buildSite();
  });
  afterAll(() => site?.close());

  test("each has an answer, which is drawn after it is there", async () => {
    const browser = await start();
    try {
      const { page, errors } = await browser.open("about:blank");
      const plan = {
        address: site.search(),
        passages: 2,
        query: "h",
        presses: 1,
        waits: 2,
        signal: new AbortController().signal,
      };
      const result = await measurePage(page as unknown as PageOfBrowser, { ...plan, onProgress: () => undefined });
      expect(result.habits.map(({ name }) => name)).toEqual(["alone", "soon", "word", "return"]);
      for (const times of ["searchMs", "answeredMs", "drawnMs"] as const) {
        expect(result.habits.map((habit) => habit[times]?.samples)).toEqual([1, 1, 1, 1]);
      }
      expect(errors).toEqual([]);
      const environment = {
        date: "2026-11-27T00:00",
        adapter: "lavapipe",
        platform: "",
        processor: "",
        load: [0, 0] as const,
      };
      const report = formatSearch({
        environment,
        passages: 2,
        browsers: [{ name: "It", version: "It 1", ...result }],
      });
      expect(report.match(/^\| It 1 \|/gm)).toHaveLength(4);
    } finally {
      await browser.close();
    }
  });
});
