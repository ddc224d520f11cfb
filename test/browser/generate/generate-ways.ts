// What tests of the page that generates have in common.
import type { DrivenPage } from "../driven.ts";
import { untilIn } from "../ways.ts";

/** The text and the state of the page's output, and the sentence of a failure. */
export const output = (page: DrivenPage) =>
  page.evaluate(() => {
    const found = document.querySelector<HTMLElement>("#output");
    return {
      state: found?.dataset["state"] ?? "",
      text: found?.textContent ?? "",
      status: document.querySelector("#status")?.textContent ?? "",
    };
  }, undefined);

/** Waits until the output is in a state, and gives it. */
export async function outputIn(page: DrivenPage, state: string) {
  const look = (wanted: string) => {
    const found = document.querySelector<HTMLElement>("#output");
    const now = {
      state: found?.dataset["state"] ?? "",
      text: found?.textContent ?? "",
      status: document.querySelector("#status")?.textContent ?? "",
    };
    return (now.state === wanted || now.state === "failed") && now;
  };
  const found = await untilIn(page, `output that is ${state}`, look, state);
  if (found.state !== state) throw new Error(`the page says: ${found.status}`);
  return found;
}

/** Goes to an address as a reader does who opens it in a new tab: a fragment alone would not load the page again. */
export async function open(page: DrivenPage, address: string): Promise<void> {
  await page.goto("about:blank");
  await page.goto(address);
}

/** Replaces what a text field holds, as by typing. */
export async function fill(page: DrivenPage, selector: string, text: string): Promise<void> {
  await untilIn(page, selector, (css) => document.querySelector(css) !== null, selector);
  await page.click(selector);
  await page.evaluate(
    ([css, content]) => {
      const field = document.querySelector<HTMLTextAreaElement>(css);
      field?.select();
      document.execCommand("insertText", false, content);
    },
    [selector, text] as const,
  );
}

/** Chooses an entry of the list that is labelled so. */
export async function pick(page: DrivenPage, label: string, value: string): Promise<void> {
  await page.evaluate(
    ([text, entry]) => {
      const labels = [...document.querySelectorAll("label")].filter((one) => one.textContent?.startsWith(text));
      const list = labels[0]?.querySelector("select");
      if (!list || ![...list.options].some((option) => option.value === entry)) throw new Error(`no ${text} ${entry}`);
      list.value = entry;
      list.dispatchEvent(new Event("change", { bubbles: true }));
    },
    [label, value] as const,
  );
}

/** Begins to keep what an element says from now on, whenever that changes; gives what ends it and returns the texts. */
export async function recordTexts(page: DrivenPage, selector: string): Promise<() => Promise<string[]>> {
  await page.evaluate((css) => {
    const texts: string[] = [];
    const look = () => {
      const found = document.querySelector(css);
      const text = found instanceof HTMLProgressElement ? String(found.value) : (found?.textContent ?? "");
      if (text !== texts.at(-1)) texts.push(text);
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { childList: true, characterData: true, subtree: true, attributes: true });
    Object.assign(globalThis, { recorded: { texts, observer } });
  }, selector);
  return () =>
    page.evaluate(() => {
      const { recorded } = globalThis as unknown as { recorded: { texts: string[]; observer: MutationObserver } };
      recorded.observer.disconnect();
      return recorded.texts;
    }, undefined);
}
