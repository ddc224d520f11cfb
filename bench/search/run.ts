import { type Spread, spreadOf } from "../generate/result.ts";
import type { PageOfBrowser } from "./browsers.ts";
import { awaitAnswer, expectAnswer, type Press, watchPresses } from "./probe.ts";
import type { HabitResult, PageResult } from "./result.ts";
import { needle, textOf } from "./texts.ts";
import { measureWaits } from "./waits.ts";

/** The rhythm in which keys are pressed. */
interface Habit {
  readonly name: string;
  readonly title: string;
  /** Milliseconds between an answer and the next measured key. */
  readonly pauseMs: number;
  /** Milliseconds from key to key in a word, whose last key is measured; 0: every key is measured. */
  readonly keyMs: number;
}

const habits: readonly Habit[] = [
  { name: "alone", title: "a key a second after the last answer", pauseMs: 1000, keyMs: 0 },
  { name: "soon", title: "a key 0.3 s after the last answer, while sentences are marked", pauseMs: 300, keyMs: 0 },
  { name: "word", title: "the last key of a word typed at 8 keys a second", pauseMs: 1000, keyMs: 125 },
];

/** Number of keys on the next visit. */
const firstLetters = 10;

/** Milliseconds after which a page that does not answer has failed. */
const patienceMs = 20_000;

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The settings of a measurement. */
export interface SearchPlan {
  readonly address: string;
  readonly passages: number;
  /** The text to type; its first result has to be the passage of `needle`. */
  readonly query: string;
  /** Number of key presses for each habit. */
  readonly presses: number;
  /** Number of measured waits for a result that is ready at once. */
  readonly waits: number;
  readonly signal: AbortSignal;
  readonly onProgress: (doing: string) => void;
}

/** Makes an index on the page, and presses keys. */
export async function measurePage(page: PageOfBrowser, plan: SearchPlan): Promise<PageResult> {
  const { passages, waits, signal, onProgress } = plan;
  const count = passages.toLocaleString("en").replaceAll(",", "\u2009"); // the site's number format
  await page.goto(plan.address);
  await until(page, signal, ".work button.primary", "^Load USE-lite", 60_000);
  const { asIs, submitting } = await page.evaluate(measureWaits, waits);
  await page.evaluate(setText, textOf(passages));
  await until(page, signal, "#cut", `${count} passages`, 60_000);
  onProgress(`indexing ${count} passages`);
  const begun = performance.now();
  await press(page, signal, ".work button.primary", `index ${count} passages$`);
  await until(page, signal, "#index-facts", `^${count} passages`, 1_800_000);
  const indexedMs = performance.now() - begun;
  await until(page, signal, ".map p", "^Each point", 600_000);
  onProgress("typing");
  const device = await page.evaluate(
    () => document.querySelector("button.device")?.getAttribute("aria-label") ?? "",
    undefined,
  );
  await page.evaluate(watchPresses, undefined);
  await warmUp(page, plan);
  const results: HabitResult[] = [];
  for (const habit of habits) {
    onProgress(habit.title);
    results.push(await measureHabit(page, habit, plan));
  }
  onProgress("loading the model anew");
  const found = await page.evaluate(() => document.querySelector("#results li .passage")?.textContent ?? "", undefined);
  if (!found.includes(needle.passage)) throw new Error(`the page found “${found}”, expected “${needle.passage}”`);
  results.push(await measureReturn(page, plan));
  return {
    device,
    indexedMs,
    habits: results,
    waitMs: { asIs: spreadOf(asIs), submitting: spreadOf(submitting) },
  };
}

/** Types the query and deletes it, because programs are compiled for the first query of each length. */
async function warmUp(page: PageOfBrowser, { query, signal }: SearchPlan): Promise<void> {
  await page.focus("#query");
  for (const key of query) await answerTo(page, key, signal);
  for (const _ of query) await answerTo(page, "Backspace", signal, { mayBeEmpty: true });
}

async function measureHabit(
  page: PageOfBrowser,
  { name, title, pauseMs, keyMs }: Habit,
  { query, presses, signal }: SearchPlan,
): Promise<HabitResult> {
  const measured: Press[] = [];
  while (measured.length < presses) {
    await empty(page);
    const parts = keyMs > 0 ? query.split(/(?<= )/) : [...query];
    for (const part of parts) {
      if (measured.length === presses) break;
      await wait(pauseMs);
      const keys = [...part.trimEnd()];
      for (const key of keys.slice(0, -1)) {
        await page.keyboard.press(key);
        await wait(keyMs);
      }
      const pressed = await answerTo(page, keys.at(-1) ?? part, signal);
      if (pressed) measured.push(pressed);
      if (keyMs > 0 && part.endsWith(" ")) await page.keyboard.press(" "); // does not change the query
    }
  }
  // The whole query, to check its results.
  await empty(page);
  for (const key of query) await answerTo(page, key, signal);
  return habitResult(name, title, measured);
}

const habitResult = (name: string, title: string, presses: readonly Press[]): HabitResult => {
  const of = (value: (press: Press) => number): Spread | null => spreadOf(presses.map(value));
  return {
    name,
    title,
    drawnMs: of(({ drawnMs }) => drawnMs),
    answeredMs: of(({ answeredMs }) => answeredMs),
    searchMs: of(({ searchMs }) => searchMs),
    slowestMs: Math.max(...presses.map(({ drawnMs }) => drawnMs)),
  };
};

/** After a reload, keys from the moment that the page accepts queries, while the map is being computed. */
async function measureReturn(page: PageOfBrowser, { address, query, signal }: SearchPlan): Promise<HabitResult> {
  await page.goto("about:blank");
  await page.goto(address);
  await until(page, signal, "#index-facts", "Kept in this browser", 60_000);
  await page.evaluate(watchPresses, undefined);
  await press(page, signal, ".work button.primary", "to search$");
  await until(page, signal, "#query-hint", "^Answers come as you type\\.$", 600_000);
  await page.focus("#query");
  const measured: Press[] = [];
  for (const key of query.replaceAll(" ", "").slice(0, firstLetters)) {
    const pressed = await answerTo(page, key, signal);
    if (pressed) measured.push(pressed);
  }
  return habitResult("return", `the first ${firstLetters} keys on the next visit, once the model is loaded`, measured);
}

/** Presses a key; returns the answer, or undefined for a key that does not change the query. */
async function answerTo(
  page: PageOfBrowser,
  key: string,
  signal: AbortSignal,
  { mayBeEmpty = false } = {},
): Promise<Press | undefined> {
  signal.throwIfAborted();
  if (key === " ") return void (await page.keyboard.press(key));
  await page.evaluate(expectAnswer, undefined);
  await page.keyboard.press(key);
  const isEmpty = () => document.querySelector<HTMLInputElement>("#query")?.value.trim() === "";
  if (mayBeEmpty && (await page.evaluate(isEmpty, undefined))) return undefined;
  const answer = await page.evaluate(awaitAnswer, mayBeEmpty ? 1000 : patienceMs);
  if (!answer && !mayBeEmpty) throw new Error(`the page gave no answer to “${key}” within ${patienceMs} ms`);
  return answer;
}

async function empty(page: PageOfBrowser): Promise<void> {
  await page.focus("#query");
  await page.evaluate(() => {
    document.querySelector<HTMLInputElement>("#query")?.select();
    document.execCommand("delete");
  }, undefined);
}

function setText(text: string): void {
  const field = document.querySelector<HTMLTextAreaElement>("#pasted");
  if (!field) throw new Error("there is no field for a text");
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Clicks a button once it is enabled. */
async function press(page: PageOfBrowser, signal: AbortSignal, selector: string, pattern: string): Promise<void> {
  await until(page, signal, `${selector}:not([aria-disabled="true"])`, pattern, 60_000);
  await page.evaluate((css) => document.querySelector<HTMLElement>(css)?.click(), selector);
}

/** Waits for an element whose text matches. */
async function until(page: PageOfBrowser, signal: AbortSignal, selector: string, pattern: string, patience: number) {
  const end = performance.now() + patience;
  const shows = () =>
    page.evaluate(
      ([css, source]) => {
        const wanted = new RegExp(source);
        return [...document.querySelectorAll(css)].some(({ textContent }) => wanted.test(textContent?.trim() ?? ""));
      },
      [selector, pattern] as const,
    );
  while (!(await shows())) {
    signal.throwIfAborted();
    if (performance.now() > end) throw new Error(`the page shows no ${selector} with ${pattern}`);
    await wait(100);
  }
}
