import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { BenchProgress } from "../attention/run.ts";
import { openPage } from "../harness/chromium.ts";
import { serveSite, type WebServer } from "../harness/web-server.ts";
import { type AdapterName, openChromiumOn } from "./chromium.ts";
import type { PeerResult } from "./result.ts";

/** Path of the peers page on the site. */
export const peersPath = "/peers/index.html";

/** The page's interface for its driver. */
interface PeersPage {
  ready(): Promise<string | undefined>;
  run(): Promise<PeerResult | undefined>;
  progress(): BenchProgress | undefined;
  stop(): void;
}

/** Serves a built site on the loopback interface, with no headers but content types: it needs no others. */
export async function serveBuilt(folder: string, port = 0): Promise<WebServer> {
  const index = await readFile(join(folder, "index.html"), "utf8");
  return await serveSite({ texts: { "/": index, "/index.html": index }, folders: { "/": folder }, port });
}

/** What the page measures, and callbacks for reports. */
export interface Drive {
  readonly root: string;
  readonly folder: string;
  readonly adapter: AdapterName;
  /** The set-up, as in the page's URL, with its cases replaced by these. */
  readonly hashOf: (cases?: readonly string[]) => string;
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens the page in a headless Chromium, runs it, and returns its result; after `signal`, the results so far. Cases
 * that a lost device left without rows run in a new browser: a peer may cost the first one its GPU process. Throws the
 * page's errors.
 */
export async function drivePage(drive: Drive): Promise<PeerResult> {
  const server = await serveBuilt(drive.folder);
  try {
    let result = await runBrowser(drive, server, drive.hashOf());
    while (result.unfinished && result.rows.length > 0 && !drive.signal?.aborted) {
      const { unfinished, engines, rows } = result;
      const rest = await runBrowser(drive, server, drive.hashOf(unfinished.cases)).catch(() => undefined);
      if (!rest || rest.rows.length === 0) break; // the rows before stay, and the reason why these have none
      const others = rest.engines.filter(({ name }) => engines.every((engine) => engine.name !== name));
      result = { ...rest, engines: [...engines, ...others], rows: [...rows, ...rest.rows] };
    }
    return result;
  } finally {
    await server.close();
  }
}

async function runBrowser(drive: Drive, server: WebServer, hash: string): Promise<PeerResult> {
  const browser = await openChromiumOn(drive.adapter, drive.root);
  try {
    const { page, errors } = await openPage(browser, `${server.origin}${peersPath}${hash}`);
    const result = await runPage(page, drive.onProgress, drive.signal);
    if (errors.length > 0) throw new Error(`the page failed: ${errors.join("; ")}`);
    return result;
  } finally {
    await browser.close();
  }
}

async function runPage(
  page: Page,
  onProgress: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<PeerResult> {
  signal?.throwIfAborted();
  const failure = await page.evaluate(() => (Reflect.get(globalThis, "peersPage") as PeersPage).ready());
  if (failure !== undefined) throw new Error(failure);
  let last = "";
  const timer = setInterval(async () => {
    const progress = await page
      .evaluate(() => (Reflect.get(globalThis, "peersPage") as PeersPage).progress())
      .catch(() => undefined);
    const line = progress ? `${progress.done}/${progress.total} ${progress.what}` : "";
    if (line !== "" && line !== last) onProgress(line);
    last = line;
  }, 500);
  const stop = () => void page.evaluate(() => (Reflect.get(globalThis, "peersPage") as PeersPage).stop());
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const result = await page.evaluate(() => (Reflect.get(globalThis, "peersPage") as PeersPage).run());
    if (!result) throw new Error("the page did not run");
    return result;
  } finally {
    signal?.removeEventListener("abort", stop);
    clearInterval(timer);
  }
}
