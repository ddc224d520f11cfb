// A page as it is seen on a phone and on a desk.
import { expect } from "vitest";
import { screenshot } from "./attention/attention-site.ts";
import type { OpenedPage } from "./driven.ts";
import { violationsIn } from "./search/search-ways.ts";
import { shown } from "./ways.ts";

/** What is looked at. */
interface Look {
  /** Of the pictures, which end with theme and width. */
  readonly name: string;
  /** The page's first heading. */
  readonly heading: RegExp;
  readonly themes: readonly string[];
  /** False where another browser looks at axe's rules, which find the same in both. */
  readonly byRules?: boolean;
}

/** Looks at a page at both widths: it does not scroll sideways, and breaks no rule of axe. */
export async function lookAtWidths(
  { page, resize }: Pick<OpenedPage, "page" | "resize">,
  { name, heading, themes, byRules = true }: Look,
): Promise<void> {
  for (const theme of themes) {
    await page.evaluate((chosen) => {
      document.documentElement.dataset["theme"] = chosen;
    }, theme);
    for (const [width, height] of [
      [390, 844],
      [1280, 900],
    ] as const) {
      await resize(width, height);
      await shown(page, "h1", heading);
      const scroll = await page.evaluate(() => document.documentElement.scrollWidth, undefined);
      expect(scroll).toBeLessThanOrEqual(width);
      await screenshot(page, `${name}-${theme}-${width}`);
    }
    if (!byRules) continue;
    expect(await violationsIn(page, theme === themes[0] ? [] : ["color-contrast"])).toEqual([]); // all that a theme changes
  }
}
