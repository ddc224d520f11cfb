// What tests of the search page have in common.
import { readFile } from "node:fs/promises";
import { projectionOf } from "../../../site/search/map/drawing.ts";
import type { DrivenPage } from "../driven.ts";
import { untilIn } from "../ways.ts";

/** A result as it is shown. */
export interface ShownResult {
  readonly words: string;
  /** The sentence that is marked; undefined where none is yet. */
  readonly marked: string | undefined;
  readonly cosine: number;
}

export interface SearchPage {
  results(): Promise<ShownResult[]>;
  /** Replaces the query, as by typing, and waits for its results. */
  ask(query: string): Promise<void>;
  /** The results, once each has its sentence. */
  marked(): Promise<ShownResult[]>;
  /** Presses Stop in the moment, yet to come, in which some passages are indexed and others are not. */
  stopOnceSomeAreDone(): Promise<void>;
  /** How many colours the map has. */
  coloursOfMap(): Promise<number>;
  /** Clicks where the map has the passage of this row of its table, while there is no query. */
  pickOnMap(rows: readonly (readonly string[])[], row: number): Promise<void>;
  /** Notes what the page asks of its worker from now on; gives the names of the calls. */
  keepCalls(): Promise<() => Promise<string[]>>;
  /** Keeps the file that is saved next. */
  keepExport(): Promise<void>;
  /** Picks the kept file as an index. */
  importExport(): Promise<void>;
}

export function ofPage(page: DrivenPage): SearchPage {
  const results = () =>
    page.evaluate(
      () =>
        [...document.querySelectorAll("#results li")].map((item) => ({
          words: item.querySelector(".passage")?.textContent ?? "",
          marked: item.querySelector("mark")?.textContent ?? undefined,
          cosine: Number(/cosine (-?[\d.]+)/.exec(item.textContent ?? "")?.[1]),
        })),
      undefined,
    );
  return {
    results,
    ask: async (query) => {
      await page.evaluate((words) => {
        const field = document.querySelector<HTMLInputElement>("#query");
        if (!field) throw new Error("there is no query field");
        field.focus();
        field.select();
        document.execCommand(words === "" ? "delete" : "insertText", false, words);
      }, query);
      if (query === "") return;
      await untilIn(
        page,
        `results for ${query}`,
        (words) =>
          document.querySelector("#timing") !== null &&
          document.querySelector("#results h2")?.textContent === `“${words}”`,
        query,
      );
    },
    marked: async () => {
      const look = () => {
        const items = [...document.querySelectorAll("#results li")];
        return items.length > 0 && items.every((item) => item.querySelector("mark") !== null);
      };
      await untilIn(page, "a sentence of each result", look, undefined);
      return await results();
    },
    stopOnceSomeAreDone: () =>
      page.evaluate(() => {
        const observer = new MutationObserver(() => {
          const words = document.querySelector("#indexing")?.textContent ?? "";
          const stop = [...document.querySelectorAll<HTMLElement>(".work button")].find(
            ({ textContent }) => textContent === "Stop",
          );
          if (!stop || !/^[1-9]\d* of /.test(words)) return;
          observer.disconnect();
          stop.click();
        });
        observer.observe(document.body, { childList: true, characterData: true, subtree: true });
      }, undefined),
    coloursOfMap: () =>
      page.evaluate(() => {
        const canvas = document.querySelector("canvas");
        const pixels = canvas?.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
        return new Set(new Uint32Array(Uint8Array.from(pixels).buffer)).size;
      }, undefined),
    pickOnMap: async (rows, row) => {
      const size = await page.evaluate(() => {
        const canvas = document.querySelector("canvas");
        return [canvas?.clientWidth ?? 0, canvas?.clientHeight ?? 0] as const;
      }, undefined);
      const points = Float32Array.from(rows.flatMap(([, x, y]) => [Number(x), Number(y)]));
      const to = projectionOf(points, ...size);
      await page.evaluate(
        ([x, y]) => {
          const canvas = document.querySelector("canvas");
          const { left, top } = canvas?.getBoundingClientRect() ?? { left: 0, top: 0 };
          canvas?.dispatchEvent(new MouseEvent("click", { clientX: left + x, clientY: top + y, bubbles: true }));
        },
        to(points[2 * row] ?? 0, points[2 * row + 1] ?? 0),
      );
    },
    keepCalls: async () => {
      await page.evaluate(() => {
        const noted: string[] = [];
        Object.assign(globalThis, { noted });
        const { postMessage } = Worker.prototype;
        Worker.prototype.postMessage = function (this: Worker, message: { name?: string }) {
          if (message.name !== undefined) noted.push(message.name);
          postMessage.call(this, message);
        };
      }, undefined);
      return () => page.evaluate(() => (globalThis as unknown as { noted: string[] }).noted, undefined);
    },
    keepExport: () =>
      page.evaluate(() => {
        const keep = globalThis as { exported?: Blob };
        URL.createObjectURL = (blob: Blob) => {
          keep.exported = blob;
          return "#exported";
        };
        HTMLAnchorElement.prototype.click = () => undefined;
      }, undefined),
    importExport: () =>
      page.evaluate(() => {
        const { exported } = globalThis as { exported?: Blob };
        const input = document.querySelector<HTMLInputElement>("#index-file");
        if (!exported || !input) throw new Error("nothing was exported");
        const picked = new DataTransfer();
        picked.items.add(new File([exported], "exported.safetensors"));
        input.files = picked.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      }, undefined),
  };
}

/** Picks files of these names and texts in a field. */
export const chosenFiles = (
  page: DrivenPage,
  selector: string,
  files: readonly (readonly [name: string, text: string])[],
): Promise<void> =>
  page.evaluate(
    ([css, given]) => {
      const input = document.querySelector<HTMLInputElement>(css);
      if (!input) throw new Error(`there is no ${css}`);
      const picked = new DataTransfer();
      for (const [name, text] of given) picked.items.add(new File([text], name));
      input.files = picked.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    },
    [selector, files] as const,
  );

/** Rules of WCAG that the page breaks now, in either browser; or only the rules named. */
export async function violationsIn(page: DrivenPage, rules: readonly string[] = []): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis, undefined))) {
    const script = await readFile("node_modules/axe-core/axe.min.js", "utf8"); // pages let no script stand in them
    await page.evaluate(script as never, undefined);
  }
  return await page.evaluate(async (runOnly) => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(context: unknown, options: unknown): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
      };
    };
    const only = runOnly.length > 0 ? { runOnly } : {};
    const found = (await axe.run(document, Object.assign(only, { resultTypes: ["violations"] }))).violations;
    return found.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
  }, rules);
}
