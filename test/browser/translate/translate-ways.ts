// What tests of the page that translates have in common.
import type { DrivenPage } from "../driven.ts";
import { press, rowsOf, until, untilIn } from "../ways.ts";

export interface TranslatePage {
  /** The written text, once it has ended. */
  ended(): Promise<string>;
  /** Tokens of a strip, as they are shown. */
  tokens(name: "Written tokens" | "Tokens of the source"): Promise<string[]>;
  /** The rows of the table of weights in per cent, each after its token. */
  table(): Promise<{ token: string; weights: number[] }[]>;
  /** Moves the focus to a token of a strip. */
  focusToken(name: string, index: number): Promise<void>;
  /** Presses keys, one after the other, where the focus is. */
  keys(...names: readonly string[]): Promise<void>;
  /** Moves the pointer to this share of the grid's width and height. */
  point(across: number, down: number): Promise<void>;
  /** How many colours the grid has. */
  colours(): Promise<number>;
  /** Picks the files of a folder, which the server has at this address. */
  pickFolder(address: string, names: readonly string[]): Promise<void>;
}

export function ofTranslate(page: DrivenPage): TranslatePage {
  return {
    ended: async () => {
      const look = () => {
        const text = (selector: string) => document.querySelector(selector)?.textContent?.trim() ?? "";
        const [alert, facts] = [text('[role="alert"]'), text("#run-facts")];
        if (alert !== "") return { alert, written: "" };
        return /(ended by itself|cut at|stopped)/.test(facts) && { alert, written: text("#written") || " " };
      };
      const { alert, written } = await untilIn(page, "text that has ended", look, undefined);
      if (alert !== "") throw new Error(`the page says: ${alert}`);
      return written;
    },
    tokens: (name) =>
      page.evaluate((legend) => {
        const strip = [...document.querySelectorAll("fieldset.tokens")].find(
          (one) => one.querySelector("legend")?.textContent === legend,
        );
        return [...(strip?.querySelectorAll("button") ?? [])].map(({ textContent }) => textContent ?? "");
      }, name),
    table: async () => {
      if ((await page.evaluate(() => document.querySelector(".alignment table") === null, undefined)) === true) {
        await press(page, ".alignment summary", /^The grid as a table$/);
      }
      const rows = await until("rows of the table", async () => {
        const found = await rowsOf(page, ".alignment");
        return found.length > 0 && found;
      });
      return rows.map(([token = "", ...cells]) => ({
        token,
        weights: cells.map((cell) => Number(/([\d.]+) %/.exec(cell)?.[1])),
      }));
    },
    focusToken: (name, index) =>
      page.evaluate(
        ([legend, i]) => {
          const strip = [...document.querySelectorAll("fieldset.tokens")].find(
            (one) => one.querySelector("legend")?.textContent === legend,
          );
          strip?.querySelector<HTMLElement>(`[data-token="${i}"]`)?.focus();
        },
        [name, index] as const,
      ),
    keys: async (...names) => {
      for (const name of names) await page.keyboard.press(name);
    },
    point: (across, down) =>
      page.evaluate(
        ([x, y]) => {
          const grid = document.querySelector("#grid");
          const { left, top, width, height } = grid?.getBoundingClientRect() ?? new DOMRect();
          grid?.dispatchEvent(
            new PointerEvent("pointermove", {
              movementX: 1,
              clientX: left + x * width,
              clientY: top + y * height,
              bubbles: true,
            }),
          );
        },
        [across, down] as const,
      ),
    colours: () =>
      page.evaluate(() => {
        const canvas = document.querySelector("canvas");
        const pixels = canvas?.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
        return new Set(new Uint32Array(Uint8Array.from(pixels).buffer)).size;
      }, undefined),
    pickFolder: (address, names) =>
      page.evaluate(
        async ([from, files]) => {
          const input = document.querySelector<HTMLInputElement>("#model-folder");
          if (!input) throw new Error("there is no field for a folder");
          const picked = new DataTransfer();
          for (const name of files) picked.items.add(new File([await (await fetch(`${from}${name}`)).blob()], name));
          input.files = picked.files;
          input.dispatchEvent(new Event("change", { bubbles: true }));
        },
        [address, names] as const,
      ),
  };
}

/** Begins to keep how many tokens and how many rows of the grid there are; gives what ends it and returns both. */
export async function recordGrowth(page: DrivenPage): Promise<() => Promise<[tokens: number, rows: number][]>> {
  await page.evaluate(() => {
    const seen: [number, number][] = [];
    const look = () => {
      const tokens = document.querySelectorAll("fieldset.tokens:first-of-type button").length;
      const rows = Number(
        /^Grid of (\d+)/.exec(document.querySelector("#grid")?.getAttribute("aria-label") ?? "")?.[1],
      );
      const last = seen.at(-1);
      if (Number.isNaN(rows) || (last?.[0] === tokens && last[1] === rows)) return;
      seen.push([tokens, rows]);
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { childList: true, characterData: true, subtree: true, attributes: true });
    Object.assign(globalThis, { growth: { seen, observer } });
  }, undefined);
  return () =>
    page.evaluate(() => {
      const { growth } = globalThis as unknown as { growth: { seen: [number, number][]; observer: MutationObserver } };
      growth.observer.disconnect();
      return growth.seen;
    }, undefined);
}
