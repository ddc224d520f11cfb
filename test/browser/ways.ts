import { until } from "../support/until.ts";
import type { DrivenPage } from "./driven.ts";

export { until };

/** Waits for an element whose text, or else its label, matches, and clicks it once it is enabled. */
export async function press(page: DrivenPage, selector: string, words: RegExp): Promise<void> {
  await until(`${selector} that says ${words}`, () =>
    page.evaluate(
      ([css, source]) => {
        for (const old of document.querySelectorAll("[data-pressed]")) old.removeAttribute("data-pressed");
        const named = (element: Element) =>
          new RegExp(source).test(element.textContent?.trim() || (element.getAttribute("aria-label") ?? ""));
        const found = [...document.querySelectorAll(css)].find(
          (element) => named(element) && !element.matches(':disabled, [aria-disabled="true"]'),
        );
        found?.setAttribute("data-pressed", "");
        return found !== undefined;
      },
      [selector, words.source] as const,
    ),
  );
  await page.click("[data-pressed]");
}

/** Clicks a button, and gives after how many frames it says other words: what a page does at once takes no work of its own. */
export const framesUntil = (page: DrivenPage, selector: string, words: RegExp): Promise<number> =>
  page.evaluate(
    async ([css, source]) => {
      const button = document.querySelector<HTMLElement>(css);
      button?.click();
      for (let frames = 0; ; frames++) {
        if (new RegExp(source).test(button?.textContent ?? "")) return frames;
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
    },
    [selector, words.source] as const,
  );

/** Ticks a checkbox, and waits until it is ticked. */
export async function tick(page: DrivenPage, selector: string): Promise<void> {
  const ticked = () => page.evaluate((css) => document.querySelector<HTMLInputElement>(css)?.checked, selector);
  await until(selector, async () => (await ticked()) !== undefined);
  if (!(await ticked())) await page.click(selector);
  await until(`tick in ${selector}`, ticked);
}

/** Waits for an element whose text, or else its label, matches, and gives the text. */
export const shown = (page: DrivenPage, selector: string, words: RegExp): Promise<string> =>
  until(`${selector} with ${words}`, () =>
    page.evaluate(
      ([css, source]) =>
        [...document.querySelectorAll(css)]
          .map((element) => element.textContent?.trim() || (element.getAttribute("aria-label") ?? ""))
          .find((text) => new RegExp(source).test(text)),
      [selector, words.source] as const,
    ),
  );

/** The cells of the rows of a table. */
export const rowsOf = (page: DrivenPage, selector: string): Promise<string[][]> =>
  page.evaluate(
    (css) =>
      [...document.querySelectorAll(`${css} tbody tr`)].map((row) =>
        [...row.children].map((cell) => cell.textContent ?? ""),
      ),
    selector,
  );

/** Presses a button that saves a file, and gives the file's text instead. */
export async function saved(page: DrivenPage, words: RegExp): Promise<string> {
  await page.evaluate(() => {
    const keep = globalThis as { saved?: Blob };
    URL.createObjectURL = (blob: Blob) => {
      keep.saved = blob;
      return "#saved";
    };
    HTMLAnchorElement.prototype.click = () => undefined;
  }, undefined);
  await press(page, "button", words);
  return await until("file", () => page.evaluate(() => (globalThis as { saved?: Blob }).saved?.text(), undefined));
}

/** The text of the editor. */
export const editorText = (page: DrivenPage): Promise<string> =>
  page.evaluate(
    () => [...document.querySelectorAll(".cm-line")].map(({ textContent }) => textContent).join("\n"),
    undefined,
  );

/** Replaces the text of an editor or a field, as by typing. */
export async function write(page: DrivenPage, selector: string, text: string): Promise<void> {
  await page.click(selector);
  await page.evaluate((content) => {
    document.execCommand("selectAll");
    document.execCommand("insertText", false, content);
  }, text);
}
