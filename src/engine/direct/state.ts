import type { Gpu } from "../../gpu/gpu.ts";
import { openGpu } from "../../gpu/open.ts";
import type { EngineEvent, EngineOptions } from "../engine.ts";
import { RequestError } from "../request-error.ts";
import { idOf, loadReady, sourceOf } from "./load.ts";
import type { LoadedEntry, LoadedModels, LoadRequest } from "./loaded.ts";
import type { Report } from "./progress.ts";
import { createSessions } from "./sessions.ts";
import { createStorage, type Storage } from "./storage.ts";

/** What an engine in this thread holds. */
export interface EngineState {
  readonly gpu: Gpu;
  readonly options: EngineOptions;
  readonly models: LoadedModels;
  readonly listeners: Set<(event: EngineEvent) => void>;
  readonly storage: Storage;
}

/** Opens the device. */
export async function openState(options: EngineOptions): Promise<EngineState> {
  const gpu = await openGpu(options.gpu);
  const state: EngineState = { gpu, options, models: new Map(), listeners: new Set(), storage: createStorage(options) };
  gpu.gone.addEventListener("abort", () => {
    if (!gpu.closed) emit(state, { type: "device-lost", message: String(gpu.gone.reason?.message) });
  });
  return state;
}

/** Calls every listener. */
export function emit({ listeners }: EngineState, event: EngineEvent): void {
  for (const listener of [...listeners]) listener(event);
}

/** Loads a model under an id that no other has, also while this one is being loaded. */
export async function load(
  state: EngineState,
  request: LoadRequest,
  signal: AbortSignal | undefined,
  report: Report,
): Promise<LoadedEntry> {
  const { gpu, models, options } = state;
  const onWarning = (message: string) => emit(state, { type: "warning", message });
  const { endpoint, token } = options;
  const hub = { endpoint, token, ...(await state.storage.forModels()), onWarning, signal };
  const source = await sourceOf(request.from, hub, report);
  const id = request.id ?? idOf(request.from, source);
  if (models.has(id)) {
    throw new RequestError(
      `a model with the id ${JSON.stringify(id)} is loaded already; unload it, or give another id`,
      {
        ...{ status: 409, code: "model_exists", param: "id" },
      },
    );
  }
  models.set(id, undefined);
  try {
    const model = await loadReady(gpu, source, request, report, { signal, onWarning });
    const { concurrency = 4, queue = 1000 } = options;
    const sessions = createSessions(model, { concurrency, queue });
    const entry = { id, request, model, sessions, created: Math.floor(Date.now() / 1000) };
    await warmUp(entry, report, signal);
    models.delete(id); // so that it is the last
    models.set(id, entry);
    return entry;
  } catch (error) {
    models.delete(id);
    throw error;
  }
}

/** Tokens of the prompt whose programs are bound. */
const typicalPrompt = 16;

/** Opens a session for the first request, whose memory and programs are then there. */
async function warmUp({ model, sessions }: LoadedEntry, report: Report, signal: AbortSignal | undefined) {
  report("warm-up", 0, 1);
  const session = await sessions.take([], undefined);
  if (!session) return;
  try {
    await session.warm(Math.min(typicalPrompt, model.context));
    signal?.throwIfAborted();
    sessions.give(session);
    report("warm-up", 1, 1);
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Ends what a model computes and frees its memory; all models where no id is given. */
export function unload({ models }: EngineState, id: string | undefined): void {
  if (id !== undefined && !models.get(id)) {
    throw new RequestError(`the model ${JSON.stringify(id)} is not loaded`, {
      status: 404,
      code: "model_not_found",
      param: "id",
    });
  }
  for (const [name, entry] of [...models]) {
    if (!entry || (id !== undefined && name !== id)) continue;
    models.delete(name);
    entry.model.dispose();
  }
}
