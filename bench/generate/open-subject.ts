import { fork } from "node:child_process";
import { once } from "node:events";
import { setPriority } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { type ChromiumOptions, openProfile } from "../harness/chromium.ts";
import type { WebServer } from "../harness/web-server.ts";
import type { Sample, Start, Visit } from "./sample.ts";
import type { SubjectPage } from "./subjects/page.ts";
import type { SubjectName } from "./subjects.ts";

/** How subjects are run. */
export interface Where {
  readonly server: WebServer;
  readonly nodeScript: string;
  readonly chromium: ChromiumOptions;
  /** Words of the adapter's label, in Node; undefined for its own choice. */
  readonly nodeAdapter: string | undefined;
  /** Timeout in milliseconds. */
  readonly patienceMs: number;
}

/** An open subject, which has generated once. */
export interface OpenSubject {
  readonly visit: Visit;
  /** Bytes of bodies loaded for the visit, by path. */
  readonly loaded: ReadonlyMap<string, number>;
  /** The browser's version, for a page. */
  readonly browser: string | undefined;
  generate(prompt: string, tokens: number): Promise<Sample>;
  close(): Promise<void>;
}

/** The request for the first text. */
type First = Pick<Start, "prompt" | "tokens">;

/**
 * Opens a subject, which stores its files in `profile`: a folder that is empty at a first visit. Mesa's shader cache is
 * there too.
 */
export async function openSubject(
  subject: SubjectName,
  where: Where,
  profile: string,
  first: First,
): Promise<OpenSubject> {
  const before = new Map(where.server.sent);
  const mesa = { MESA_SHADER_CACHE_DIR: join(profile, "mesa") };
  const opened = subject.page
    ? await openPage(subject.page, where, profile, mesa, first)
    : await openProcess(where, { ...mesa, XDG_CACHE_HOME: join(profile, "cache") }, first);
  const loaded = [...where.server.sent].map(([path, bytes]) => [path, bytes - (before.get(path) ?? 0)] as const);
  return { ...opened, loaded: new Map(loaded.filter(([, bytes]) => bytes > 0)) };
}

type Opened = Omit<OpenSubject, "loaded">;

async function openPage(
  { path, fragment = "" }: NonNullable<SubjectName["page"]>,
  { server, chromium, patienceMs }: Where,
  profile: string,
  mesa: Readonly<Record<string, string>>,
  { prompt, tokens }: First,
): Promise<Opened> {
  const context = await openProfile(join(profile, "chromium"), { ...chromium, env: { ...chromium.env, ...mesa } });
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(patienceMs);
    const hash = new URLSearchParams({ prompt, tokens: String(tokens) });
    await page.goto(`${server.origin}${path}#${hash}${fragment && `&${fragment}`}`);
    const visit = await within(
      patienceMs,
      page.evaluate(() => Reflect.get(globalThis, "subjectPage").visit),
    );
    return {
      visit: visit as Visit,
      browser: browserOf(context),
      ...requests(page, patienceMs),
      close: () => context.close(),
    };
  } catch (error) {
    await context.close();
    throw error;
  }
}

const browserOf = (context: BrowserContext) => `Chromium ${context.browser()?.version() ?? ""}`.trim();

const requests = (page: Page, patienceMs: number) => ({
  generate: (prompt: string, tokens: number): Promise<Sample> =>
    within(
      patienceMs,
      page.evaluate(([text, count]) => (Reflect.get(globalThis, "subjectPage") as SubjectPage).generate(text, count), [
        prompt,
        tokens,
      ] as const),
    ),
});

async function openProcess(
  { server, nodeScript, nodeAdapter, patienceMs }: Where,
  env: Readonly<Record<string, string>>,
  first: First,
): Promise<Opened> {
  const start: Start = { hub: server.origin, adapter: nodeAdapter, ...first };
  const child = fork(nodeScript, [JSON.stringify(start)], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  raisePriority(child.pid);
  let said = "";
  child.stderr?.on("data", (data) => {
    said = (said + String(data)).slice(-2000);
  });
  const answer = async (): Promise<unknown> => {
    const ended = once(child, "exit").then(([code]) => ({
      error: `the process ended with exit code ${code}: ${said}`,
    }));
    const [message] = await Promise.race([once(child, "message"), ended.then((end) => [end])]);
    const { value, error } = message as { readonly value?: unknown; readonly error?: string };
    if (error !== undefined) throw new Error(error);
    return value;
  };
  const close = async () => {
    if (child.exitCode !== null) return;
    child.kill();
    await once(child, "exit");
  };
  try {
    const visit = (await within(patienceMs, answer())) as Visit;
    return {
      visit,
      browser: undefined,
      close,
      generate: async (prompt, tokens) => {
        child.send({ prompt, tokens });
        return (await within(patienceMs, answer())) as Sample;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The priority that Chromium gives its GPU process, if permitted: on a software adapter, its threads would otherwise
 * precede Node's.
 */
function raisePriority(pid: number | undefined): void {
  if (pid === undefined || process.platform !== "linux") return;
  try {
    setPriority(pid, -8);
  } catch {
    // Only root may; otherwise Chromium may not either.
  }
}

/** Throws if a promise does not settle in time. */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const seconds = milliseconds / 1000;
    timer = setTimeout(() => reject(new Error(`there was no answer in ${seconds} s`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
