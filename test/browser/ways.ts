import { until } from "../support/until.ts";
import { type DrivenPage, left } from "./driven.ts";

export { until };

/**
 * Looks whenever the page changes, once what changes it has ended, until there is something other than undefined, null
 * or false.
 */
function lookInPage<A, R>(look: (given: A) => R, given: A): Promise<R> {
  return new Promise((resolve, reject) => {
    const later = new MessageChannel();
    const observer = new MutationObserver(() => later.port2.postMessage(undefined));
    let hasEnded = false;
    const lookAgain = () => {
      if (hasEnded) return;
      try {
        const found = look(given);
        if (found === undefined || found === null || found === false) return;
        resolve(found);
      } catch (error) {
        reject(error);
      }
      hasEnded = true;
      observer.disconnect();
      later.port1.close();
    };
    later.port1.onmessage = lookAgain;
    Object.assign(globalThis, { lookAgain });
    observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
    lookAgain();
  });
}

/**
 * Of so many looks at what the page has answered, one makes it look again, for what no change of its elements shows.
 */
const seldom = 50;

/**
 * As `until`, for what a look in the page finds: the page looks by itself whenever it changes. To ask it again and
 * again would take a fifth of a processor. The look knows only what it is given.
 */
export async function untilIn<A, R>(
  page: DrivenPage,
  what: string,
  look: (given: A) => R,
  given: A,
): Promise<Exclude<R, undefined | null | false>> {
  let found: { readonly value: Exclude<R, undefined | null | false> } | undefined;
  let problem: { readonly error: unknown } | undefined;
  const begin = () => {
    problem = undefined;
    (page.evaluate(`(${lookInPage})(${look}, ${JSON.stringify(given)})` as never, undefined) as Promise<never>).then(
      (value) => {
        found = { value };
      },
      (error: unknown) => {
        problem = { error };
      },
    );
  };
  const isThere = () =>
    page.evaluate(() => {
      const { lookAgain } = globalThis as { lookAgain?: () => void };
      lookAgain?.();
      return lookAgain !== undefined;
    }, undefined);
  begin();
  let turn = 0;
  const { value } = await until(what, async () => {
    if (problem) {
      if (!left.test(String(problem.error))) throw problem.error;
      begin();
    } else if (!found && ++turn % seldom === 0) {
      if (!(await isThere().catch(() => true))) begin(); // another page has taken its place
    }
    return found;
  });
  return value;
}

/** Waits for an element whose text, or else its label, matches, and clicks it once it is enabled. */
export async function press(page: DrivenPage, selector: string, words: RegExp): Promise<void> {
  await untilIn(
    page,
    `${selector} that says ${words}`,
    ([css, source]) => {
      const named = (element: Element) =>
        new RegExp(source).test(element.textContent?.trim() || (element.getAttribute("aria-label") ?? ""));
      const found = [...document.querySelectorAll(css)].find(
        (element) => named(element) && !element.matches(':disabled, [aria-disabled="true"]'),
      );
      if (!found) return false;
      for (const old of document.querySelectorAll("[data-pressed]")) old.removeAttribute("data-pressed");
      found.setAttribute("data-pressed", "");
      return true;
    },
    [selector, words.source] as const,
  );
  await page.click("[data-pressed]");
}

/**
 * Clicks a button, and gives after how many frames it says other words: what a page does at once takes no work of its
 * own.
 */
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
  untilIn(
    page,
    `${selector} with ${words}`,
    ([css, source]) =>
      [...document.querySelectorAll(css)]
        .map((element) => element.textContent?.trim() || (element.getAttribute("aria-label") ?? ""))
        .find((text) => new RegExp(source).test(text)),
    [selector, words.source] as const,
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
