// What tests of looks into a model have in common: tokens, attention, experts and storage of the page that generates.
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { screenshot, violations } from "../attention/attention-site.ts";
import type { DrivenPage, OpenedPage } from "../driven.ts";
import { press, rowsOf, until } from "../ways.ts";

/** Settings of a link by which a model writes at once, by the likeliest tokens. */
export const atOnce = (folder: string, prompt: string, tokens: number): string =>
  `model=${folder.split("/").at(-1)}&prompt=${encodeURIComponent(prompt)}&temperature=0&max_tokens=${tokens}&seed=1&run=1`;

/** Chooses a panel of the drawer. */
export const panel = (page: DrivenPage, name: string): Promise<void> =>
  press(page, '[role="tab"]', new RegExp(`^${name}$`));

/** Presses a key where the focus is, as the keyboard does. */
export const key = (page: DrivenPage, name: string): Promise<void> =>
  page.evaluate((pressed) => {
    const event = new KeyboardEvent("keydown", { key: pressed, bubbles: true, cancelable: true });
    document.activeElement?.dispatchEvent(event);
  }, name);

/** Opens what a summary says, and gives the rows of the table in it. */
export async function tableIn(page: DrivenPage, summary: RegExp, label: string): Promise<string[][]> {
  const rows = () => rowsOf(page, `[aria-label="${label}"]`);
  if ((await rows()).length === 0) await press(page, "#drawer-panel summary", summary);
  return await until(label, async () => {
    const found = await rows();
    return found.length > 0 && found;
  });
}

/** The share that a text names, in per cent. */
export const percentIn = (text = ""): number => Number(/[\d.]+(?= %)/.exec(text)?.[0] ?? Number.NaN);

async function setTheme(page: DrivenPage, theme: "light" | "dark"): Promise<void> {
  await page.evaluate((name) => {
    document.documentElement.dataset["theme"] = name;
  }, theme);
}

/** Tests that the panel breaks no rule of accessibility, and its colours none in either theme. */
export async function panelIsAccessible(page: DrivenPage): Promise<void> {
  for (const theme of ["dark", "light"] as const) {
    await setTheme(page, theme);
    // What it calls of a page is the same in both programs.
    const rules = theme === "dark" ? ["color-contrast"] : [];
    expect(await violations(page as unknown as Page, ["#drawer-panel"], rules)).toEqual([]);
  }
}

/** Pictures of the panel at the two widths in both themes, where they are asked for. */
export async function picturesOf(page: DrivenPage, resize: OpenedPage["resize"], name: string): Promise<void> {
  if (!process.env["SHADERFORMER_SCREENSHOTS"]) return;
  for (const [width, height] of [
    [1280, 900],
    [390, 844],
  ] as const) {
    await resize(width, height);
    for (const theme of ["dark", "light"] as const) {
      await setTheme(page, theme);
      await page.evaluate(() => document.querySelector("#drawer-panel")?.scrollIntoView(), undefined);
      await screenshot(page, `${name}-${width}-${theme}`);
    }
  }
  await resize(1280, 900);
}
