// The worker of the page: cuts texts, and has the device, the model and the index.

import type { Gpu } from "../../../src/gpu/gpu.ts";
import { openDevice } from "../../shell/device/open.ts";
import { cut } from "../text/passages.ts";
import { IndexedPassages } from "./indexed.ts";
import { type LoadedModel, loadModelFor, planModel } from "./model.ts";
import type { Answer, CallName, Calls, Request } from "./protocol.ts";

let gpu: Gpu | undefined;
let model: LoadedModel | undefined;
let indexed: IndexedPassages | undefined;

const post = (answer: Answer, transfer: Transferable[] = []) => postMessage(answer, { transfer });

/** What a call is answered with. */
type Handlers = {
  readonly [N in CallName]: (
    given: Calls[N][0],
    context: { readonly signal: AbortSignal; readonly report: (progress: Calls[N][2]) => void },
  ) => Promise<Calls[N][1]>;
};

function device(): Gpu {
  if (!gpu) throw new Error("there is no GPU");
  return gpu;
}

function loaded(): LoadedModel {
  if (!model) throw new Error("no model is loaded");
  return model;
}

function passages(): IndexedPassages {
  if (!indexed) throw new Error("there is no index");
  return indexed;
}

const handlers: Handlers = {
  cut: async ({ texts, most }) => cut(texts, most),
  plan: (request, { signal }) => planModel(request, signal),
  load: async (request, { signal, report }) => {
    model?.dispose();
    model = undefined;
    model = await loadModelFor(device(), request, report, signal);
    return model.facts;
  },
  unload: async () => {
    model?.dispose();
    model = undefined;
    return undefined;
  },
  embed: async ({ texts }, { signal, report }) => {
    await loaded().embed(texts, report, signal);
    return undefined;
  },
  index: async (given, { signal }) => {
    const next = await IndexedPassages.of(device(), given, model, signal);
    indexed?.dispose();
    indexed = next;
    return undefined;
  },
  search: ({ query }, { signal }) => passages().search(loaded(), query, signal),
  mark: async ({ query, passages: which }, { signal, report }) => {
    await passages().mark(loaded(), query, which, report, signal);
    return undefined;
  },
  map: (_given, { signal }) => passages().map(signal),
};

const running = new Map<number, AbortController>();

async function answer(id: number, name: CallName, given: unknown): Promise<void> {
  const ended = new AbortController();
  running.set(id, ended);
  try {
    const handle = handlers[name] as (given: unknown, context: unknown) => Promise<unknown>;
    const report = (progress: unknown) => post({ kind: "progress", id, progress });
    const result = await handle(given, { signal: ended.signal, report });
    post({ kind: "result", id, result });
  } catch (error) {
    const { name: kind, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
    post({ kind: "failed", id, name: kind, message });
  } finally {
    running.delete(id);
  }
}

async function begin(sim: string | undefined): Promise<void> {
  const opened = await openDevice(sim);
  if ("missing" in opened) return post({ kind: "missing", ...opened });
  gpu = opened.gpu;
  void gpu.device.lost.then(({ reason, message }) => post({ kind: "lost", detail: message || String(reason) }));
  post({ kind: "opened", facts: opened.facts });
}

addEventListener("message", ({ data }: MessageEvent<Request>) => {
  if (data.kind === "begin") void begin(data.sim);
  else if (data.kind === "abort") running.get(data.id)?.abort();
  else void answer(data.id, data.name, data.given);
});
