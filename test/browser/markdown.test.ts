// Formatted replies on the page that generates, in every browser there is: a conversation that comes with a link.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pack } from "../../site/shell/permalink.ts";
import { type BuiltSite, buildSite, screenshot } from "./attention/attention-site.ts";
import { browsers } from "./driven.ts";
import { shown } from "./ways.ts";

const reply = `# A *heading*

Words in **bold**, \`code <b>\` and [a link](https://example.org/x), [none](javascript:alert(1)).
A second line; ![a picture](https://example.org/p.png)

3. three
4. four
   - [x] done

| a | b |
|---|--:|
| 1 | 2 |

\`\`\`js
const x = "<script>hacked = 1</script>";
\`\`\`

> quoted

<img src=x onerror="hacked = 1"><script>hacked = 1</script>`;

let site: BuiltSite;
beforeAll(async () => {
  site = await buildSite();
});
afterAll(() => site?.close());

describe.each(browsers)("formatted replies in $name", ({ name, missing, start }) => {
  if (missing) return test.skip(missing);

  test("are elements and text, and run nothing", async () => {
    const messages = [
      { role: "user", text: "Show **me**" },
      { role: "assistant", text: reply },
      { role: "user", text: "And plain?" },
      { role: "assistant", text: "As  it\n\nis." },
    ];
    const browser = await start();
    try {
      const link = `mode=chat&chat*=${encodeURIComponent(await pack(JSON.stringify(messages)))}`;
      const { page, errors, resize } = await browser.open(site.generate(link));
      await shown(page, ".turn.assistant .formatted", /A heading/);
      const found = await page.evaluate(() => {
        const all = (css: string) => [...document.querySelectorAll(`.formatted ${css}`)];
        const texts = (css: string) => all(css).map(({ textContent }) => textContent);
        return {
          elements: [...new Set(all("*").map(({ tagName }) => tagName.toLowerCase()))].sort().join(" "),
          heading: texts("h3"),
          code: texts("code"),
          links: all("a").map((one) => [one.textContent, one.getAttribute("href"), one.getAttribute("rel")]),
          items: texts("ol > li"),
          start: all("ol").map((one) => (one as HTMLOListElement).start),
          cells: texts("td"),
          whole: document.querySelector(".formatted")?.textContent ?? "",
          said: [...document.querySelectorAll(".turn.user .paper")].map(({ textContent }) => textContent),
          plain: [...document.querySelectorAll(".turn.assistant .paper")].at(-1)?.textContent,
          hacked: "hacked" in globalThis,
        };
      }, undefined);
      expect(found).toMatchObject({
        elements: "a blockquote br button code div em h3 li ol p pre span strong table tbody td th thead tr ul",
        heading: ["A heading"],
        code: ["code <b>", 'const x = "<script>hacked = 1</script>";'],
        links: [
          ["a link", "https://example.org/x", "noopener noreferrer nofollow"],
          ["a picture", "https://example.org/p.png", "noopener noreferrer nofollow"],
        ],
        start: [3],
        cells: ["1", "2"],
        said: ["Show **me**", "And plain?"],
        plain: "As  it\n\nis.",
        hacked: false,
      });
      expect(found.items).toEqual(["three", expect.stringMatching(/^four\s*☑ done$/)]);
      expect(found.whole).toContain('<img src=x onerror="hacked = 1"><script>hacked = 1</script>');
      for (const [width, height] of [
        [1280, 900],
        [390, 844],
      ] as const) {
        await resize(width, height);
        await page.evaluate(() => document.querySelector(".formatted")?.scrollIntoView(), undefined);
        await screenshot(page, `markdown-${name}-${width}`);
        const isWide = () => document.documentElement.scrollWidth > document.documentElement.clientWidth;
        expect(await page.evaluate(isWide, undefined)).toBe(false);
      }
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
