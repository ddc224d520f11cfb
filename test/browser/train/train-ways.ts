// What tests of the page that trains have in common.
import type { DrivenPage, OpenedPage } from "../driven.ts";
import { press, rowsOf, until, untilIn } from "../ways.ts";
import { lookAtWidths } from "../widths.ts";

export interface TrainPage {
  /** Presses Train or Resume, once nothing stands against it. */
  start(): Promise<void>;
  /** Waits until so many steps are done. */
  reach(steps: number): Promise<void>;
  /** Pauses, and gives the step at which it did. */
  pause(): Promise<number>;
  /** The step at which the run is, once it rests. */
  rests(): Promise<number>;
  /** The rows of the table of losses, each a step. */
  losses(): Promise<string[][]>;
  /** Looks at the page at both widths: it does not scroll sideways, and in Chromium breaks no rule of axe. */
  eachWidth(state: string, themes?: readonly string[]): Promise<void>;
}

export function ofTrain({ page, resize }: OpenedPage, browser: string): TrainPage {
  const rests = async () => {
    const { step } = await untilIn(
      page,
      "run that rests",
      () => {
        const facts = document.querySelector<HTMLElement>("#run-facts");
        if (facts?.dataset["phase"] !== "idle") return undefined;
        return { step: /step ([\d\u2009]+) of/.exec(facts.textContent ?? "")?.[1] };
      },
      undefined,
    );
    return Number(step?.replaceAll("\u2009", ""));
  };
  return {
    start: () => press(page, "button.primary", /^(Train|Resume)$/),
    reach: async (steps) => {
      const look = (wanted: number) => {
        const alert = document.querySelector('[role="alert"]')?.textContent;
        if (alert) return { alert };
        const facts = document.querySelector("#run-facts")?.textContent ?? "";
        const step = Number(/step ([\d\u2009]+) of/.exec(facts)?.[1]?.replaceAll("\u2009", ""));
        return step >= wanted && { alert };
      };
      const { alert } = await untilIn(page, `step ${steps}`, look, steps);
      if (alert) throw new Error(`the page says: ${alert}`);
    },
    rests,
    pause: async () => {
      await press(page, "button.primary", /^Pause$/);
      return await rests();
    },
    losses: async () => {
      const table = "#plot-loss details";
      if (await page.evaluate((css) => document.querySelector(`${css} table`) === null, table)) {
        await press(page, `${table} summary`, /^The numbers as a table$/);
      }
      return await until("rows of losses", async () => {
        const rows = await rowsOf(page, table);
        return rows.length > 0 && rows;
      });
    },
    eachWidth: (state, themes = ["light"]) =>
      lookAtWidths(
        { page, resize },
        {
          name: `train-${state}-${browser}`,
          heading: /^Train a Transformer here$/,
          themes,
          byRules: browser === "Chromium",
        },
      ),
  };
}

/** Walks the keys of a page, one after the other, where the focus is. */
export async function keys(page: DrivenPage, ...names: readonly string[]): Promise<void> {
  for (const name of names) await page.keyboard.press(name);
}

/**
 * The files of a zip file whose entries are stored as they are, by their names, as its central directory lists them.
 */
export function unzipped(zip: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const found = new Map<string, Uint8Array>();
  for (let at = view.getUint32(zip.length - 6, true); view.getUint32(at, true) === 0x02014b50; ) {
    const [size, nameLength, begins] = [view.getUint32(at + 24, true), view.getUint16(at + 28, true), at + 46];
    const local = view.getUint32(at + 42, true);
    const begin = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const name = new TextDecoder().decode(zip.subarray(begins, begins + nameLength));
    found.set(name, zip.subarray(begin, begin + size));
    at = begins + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return found;
}

/** Keeps what the page saves next as a file. */
export const keepSaved = (page: DrivenPage): Promise<void> =>
  page.evaluate(() => {
    const keep = globalThis as { saved?: Blob };
    URL.createObjectURL = (blob: Blob) => {
      keep.saved = blob;
      return "#saved";
    };
    HTMLAnchorElement.prototype.click = () => undefined;
  }, undefined);

/** The bytes of the file that was saved. */
export const savedBytes = async (page: DrivenPage): Promise<Uint8Array> =>
  Uint8Array.from(
    await until("file", () =>
      page.evaluate(async () => {
        const { saved } = globalThis as { saved?: Blob };
        return saved && [...new Uint8Array(await saved.arrayBuffer())];
      }, undefined),
    ),
  );
