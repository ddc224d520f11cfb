import { join } from "node:path";
import { noChromium, openPage } from "../harness/chromium.ts";
import { serveSite } from "../harness/web-server.ts";
import { comparedTokens } from "../models/check.ts";
import type { ModelTest, Run } from "../models/result.ts";
import type { Subject } from "../models/run.ts";
import { type AdapterName, openChromiumOn } from "../peers/chromium.ts";
import { ensurePackages } from "../peers/setup/packages.ts";
import { repositoryRoot } from "../peers/setup/root.ts";
import { buildWllamaSite, wllamaPackage } from "./build.ts";
import type { OwnOptions, WllamaPage } from "./page.ts";
import { textOfTokens } from "./texts.ts";
import type { Completion, CompletionRequest } from "./wllama.ts";

/** Options for measuring in the browser, together with this engine. */
export const wllamaBackends = ["webgpu", "cpu"] as const;
export type WllamaBackend = (typeof wllamaBackends)[number];

/** Options for measuring wllama. */
export interface WllamaPlan {
  /** A GGUF file. */
  readonly file: string;
  readonly backends: readonly WllamaBackend[];
  /** Label of the adapter that Node computes on; the browser has to use the same. */
  readonly adapter: string;
  readonly tokenizer: Parameters<typeof textOfTokens>[0];
  readonly own: OwnOptions & { readonly context: number };
  /** A text, its tokens, and the greedy tokens after it, which every engine has to choose. */
  readonly expected: { readonly text: string; readonly ids: readonly number[]; readonly tokens: readonly number[] };
  /** The model's fields in rows. */
  readonly model: Subject["model"];
  readonly say: (line: string) => void;
}

/**
 * This engine and wllama on one page of a headless Chromium, on the adapter that Node computes on. wllama is installed
 * when this first runs. Throws if there is no Chromium, if it uses another adapter, or if wllama's WebGPU backend
 * refuses it.
 */
export async function wllamaSubjects(plan: WllamaPlan): Promise<Subject[]> {
  const { file, backends, adapter, own, expected, model, say } = plan;
  if (noChromium) throw new Error(noChromium);
  const root = repositoryRoot();
  const modules = await ensurePackages(root, say, wllamaPackage);
  const folder = join(root, ".cache", "peers", "wllama-site");
  await buildWllamaSite({ root, modules, file, folder });
  // WebAssembly threads share memory, which only an isolated page may do.
  const headers = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
  const server = await serveSite({ folders: { "/": folder }, headers });
  const browser = await openChromiumOn(chromiumAdapter(adapter), root).catch(async (error: unknown) => {
    await server.close();
    throw error;
  });
  const close = async () => {
    await browser.close();
    await server.close();
  };
  try {
    const { page, errors } = await openPage(browser, `${server.origin}/index.html`);
    page.setDefaultTimeout(0);
    await page.waitForFunction(() => Reflect.has(globalThis, "wllamaPage"));
    /** Calls a function of the page. */
    const ask = async <K extends keyof WllamaPage>(
      name: K,
      ...given: Parameters<WllamaPage[K]>
    ): Promise<Awaited<ReturnType<WllamaPage[K]>>> => {
      try {
        const call = ([key, values]: readonly [string, readonly unknown[]]) =>
          Reflect.get(globalThis, "wllamaPage")[key](...values);
        return await page.evaluate(call, [name, given] as const);
      } catch (error) {
        const [first = ""] = String(error instanceof Error ? error.message : error).split("\n");
        throw new Error([first.replace(/^page\.evaluate: (Error: )?/, ""), ...errors].join("; "));
      }
    };
    const browserName = `Chromium ${browser.version().split(".")[0]}`;
    const device = await ask("openOwn", own);
    checkDevice("Chromium", device, adapter);
    const subjects: Subject[] = [
      {
        engine: { name: "shaderformer", backend: `WebGPU, ${browserName}`, device },
        check: comparedTokens(expected.tokens, await ask("ownGreedy", expected.ids, expected.tokens.length)),
        model,
        run: (test) => ask("ownRun", test),
        close,
      },
    ];
    for (const backend of backends) {
      const webgpu = backend === "webgpu";
      const on = await ask("openWllama", webgpu, own.context);
      if (webgpu) checkDevice("wllama", on, adapter);
      const complete = (request: CompletionRequest) => ask("complete", webgpu, request);
      const greedy = await complete({ prompt: expected.text, maxTokens: expected.tokens.length, ids: true });
      checkPrompt(greedy, expected.ids.length);
      subjects.push({
        engine: { name: "wllama", backend: `${webgpu ? "WebGPU" : "WebAssembly"}, ${browserName}`, device: on },
        check: comparedTokens(expected.tokens, greedy.tokens),
        model: { ...model, type_k: "f16", type_v: "f16" },
        run: wllamaRuns(plan.tokenizer, complete),
        close: () => {},
      });
    }
    return subjects;
  } catch (error) {
    await close();
    throw error;
  }
}

/** The Chromium that has an adapter with this label. */
export function chromiumAdapter(label: string): AdapterName {
  if (/llvmpipe/i.test(label)) return "lavapipe";
  return /swiftshader/i.test(label) ? "swiftshader" : "gpu";
}

/** Throws unless a device's name contains the first word of the adapter's label. */
function checkDevice(who: string, device: string, adapter: string): void {
  const [word = ""] = adapter.split(" ");
  if (device.toLowerCase().includes(word.toLowerCase())) return;
  throw new Error(`${who} computes on ${device}, expected ${adapter}`);
}

/** Throws unless a prompt has the expected number of tokens. */
function checkPrompt({ prompted, cached }: Completion, expected: number): void {
  if (prompted + cached === expected) return;
  throw new Error(`wllama reads the prompt as ${prompted + cached} tokens, expected ${expected}`);
}

/** Runs of wllama, by the times of llama.cpp's server. It takes texts, so its tokens differ from this engine's. */
function wllamaRuns(
  tokenizer: WllamaPlan["tokenizer"],
  complete: (request: CompletionRequest) => Promise<Completion>,
): (test: ModelTest) => Promise<Run> {
  let runs = 0;
  return async ({ prompt, generate, depth }) => {
    const before = depth > 0 ? textOfTokens(tokenizer, depth, 0) : "";
    if (depth > 0) await complete({ prompt: before, maxTokens: 1 });
    if (generate > 0) {
      // A step needs a token to start with, and the tokenizer may add one, too.
      const first = Math.max(depth + 1, tokenizer.encode("a").length);
      const text = textOfTokens(tokenizer, first, 1, before);
      const { made, decodeMs } = await complete({ prompt: text, maxTokens: generate + 1 });
      if (made !== generate + 1) throw new RangeError(`wllama generated ${made} tokens, expected ${generate + 1}`);
      return { nanoseconds: decodeMs * 1e6 };
    }
    // A different text each time, so that only what precedes it is in a cache.
    const text = textOfTokens(tokenizer, depth + prompt, ++runs + 1, before);
    const answer = await complete({ prompt: text, maxTokens: 1, fresh: depth === 0 });
    checkPrompt(answer, depth + prompt);
    // After the same tokens, texts may share their first letters.
    return { nanoseconds: (answer.promptMs * 1e6 * prompt) / answer.prompted };
  };
}
