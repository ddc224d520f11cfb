// The bundled model on the visitor's device: loaded only on request.

import { createWorkerEngine } from "../../src/engine/create-worker-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { LoadProgress } from "../../src/formats/load-progress.ts";
import { deviceTroubles } from "../shell/device/troubles.ts";
import { sim } from "../shell/sim.ts";
import { promptTokens, type ShownToken, withPiece } from "../shell/tokens/tokens.ts";

/** The address of the model's files, next to the page. */
const folder = () => new URL("models/voices-dense/", document.baseURI).href;
const sampling = { temperature: 0.7, topK: 40, maxTokens: 48, logprobs: 10 };

/** Progress, for the page to show. */
export interface Watcher {
  /** Bytes of the download. */
  readonly onLoad: (progress: LoadProgress) => void;
  readonly onText: (tokens: readonly ShownToken[]) => void;
  readonly signal: AbortSignal;
}

/** How a generation ended. */
export interface Ended {
  readonly device: string;
  readonly tokensPerSecond: number;
}

let loaded: Promise<{ readonly engine: Engine; readonly model: string }> | undefined;

/** Why there is no GPU for this page, and what to do about it; undefined if there is one. */
async function whyNone(): Promise<string | undefined> {
  const { gpu } = navigator as { readonly gpu?: GPU };
  const missing =
    !isSecureContext || sim === "insecure"
      ? "insecure"
      : !gpu || sim === "no-webgpu"
        ? "no-webgpu"
        : sim === "no-adapter" || !(await gpu.requestAdapter())
          ? "no-adapter"
          : undefined;
  if (missing === undefined) return undefined;
  return deviceTroubles({ kind: "missing", missing, detail: "" })
    .map(({ says, todo }) => `${says} ${todo}`)
    .join(" ");
}

async function load({ onLoad, signal }: Watcher) {
  const none = await whyNone();
  if (none !== undefined) throw new Error(none);
  const worker = new Worker(new URL("./engine-worker.ts", import.meta.url), { type: "module" });
  const engine = await createWorkerEngine(worker).catch((error: unknown) => {
    worker.terminate();
    throw error;
  });
  try {
    const { id } = await engine.load(folder(), {
      onProgress: (progress) => progress.phase === "download" && onLoad(progress),
      signal,
    });
    return { engine, model: id };
  } catch (error) {
    await engine.dispose();
    worker.terminate();
    throw error;
  }
}

/** Continues a prompt, or tokens already shown. The first call loads the model. Throws the engine's errors. */
export async function continueFrom(start: string | readonly ShownToken[], watcher: Watcher): Promise<Ended> {
  loaded ??= load(watcher);
  const { engine, model } = await loaded.catch((error: unknown) => {
    loaded = undefined; // the next attempt starts afresh
    throw error;
  });
  let shown = typeof start === "string" ? promptTokens(await engine.tokenize(start, { model }), start) : start;
  watcher.onText(shown);
  const tokens = shown.map(({ token }) => token);
  const generation = engine.generate({ model, tokens, ...sampling, signal: watcher.signal });
  for await (const piece of generation) {
    shown = withPiece(shown, piece);
    watcher.onText(shown);
  }
  const { timings } = await generation.result;
  return { device: (await engine.device()).info.label, tokensPerSecond: timings.tokensPerSecond };
}
