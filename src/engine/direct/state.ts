import type { HubOptions } from "../../formats/hub/hub-options.ts";
import type { ModelCache } from "../../formats/hub/model-cache.ts";
import { openModelCache } from "../../formats/hub.ts";
import type { FileSource } from "../../formats/source.ts";
import type { LoadPlan } from "../../generate/load/plan-load.ts";
import { openGpu } from "../../gpu/device/open.ts";
import { AllocationError } from "../../gpu/errors.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { modelKind } from "../../models/model-kind.ts";
import type { Calls } from "../core.ts";
import { type KeptDevice, keepDevice, onDevice } from "../device-recovery.ts";
import type { EngineEvent, EngineOptions, EngineStorage } from "../engine.ts";
import { RequestError } from "../request-error.ts";
import { adapterSupport } from "./adapters.ts";
import { encoderSupport } from "./encoders.ts";
import { idOf, loadReady, sourceOf, typicalPrompt } from "./load.ts";
import {
  type AnyEntry,
  disposeOf,
  entryOf,
  type LoadedEntry,
  type LoadedModels,
  type LoadRequest,
  type ReadyEncoder,
} from "./loaded.ts";
import { plan as planIn, planLoad, planOfDraft } from "./planning.ts";
import type { Report } from "./progress.ts";
import { inTurn, loadDraftOf, proposing } from "./proposing.ts";
import { createSessions } from "./sessions.ts";

/** The state of an engine in this thread. */
export interface EngineState {
  readonly device: KeptDevice;
  readonly options: EngineOptions;
  readonly models: LoadedModels;
  readonly listeners: Set<(event: EngineEvent) => void>;
  readonly storage: Storage;
}

/** Opens the device. */
export async function openState(options: EngineOptions): Promise<EngineState> {
  const open = () => openGpu(options.gpu);
  const device = keepDevice(await open(), {
    open,
    restore: (gpu) => restore(state, gpu),
    onLost: (message) => emit(state, { type: "device-lost", message }),
    onRestored: () => emit(state, { type: "device-restored" }),
  });
  const storage = createStorage(options);
  const state: EngineState = { device, options, models: new Map(), listeners: new Set(), storage };
  return state;
}

/** Calls every listener. */
function emit({ listeners }: EngineState, event: EngineEvent): void {
  for (const listener of [...listeners]) listener(event);
}

/** What a model needs on this engine's device. */
export async function plan(
  state: EngineState,
  request: Calls["plan"][0],
  signal: AbortSignal | undefined,
): Promise<LoadPlan> {
  const onWarning = (message: string) => emit(state, { type: "warning", message });
  return await planIn(
    (from) => openedSource(state, { from }, () => {}, { signal, onWarning }),
    { ...request, signal },
    state.device.gpu,
  );
}

/** Loads a model under a unique id, reserved while it is loading. */
export async function load(
  state: EngineState,
  request: LoadRequest,
  signal: AbortSignal | undefined,
  report: Report,
): Promise<AnyEntry> {
  const { device, models } = state;
  const onWarning = (message: string) => emit(state, { type: "warning", message });
  const reports = inTurn(report);
  const source = await openedSource(state, request, reports.first, { signal, onWarning });
  const id = request.id ?? idOf(request.from, source);
  if (models.has(id)) {
    throw new RequestError(
      `a model with the id ${JSON.stringify(id)} is loaded already; unload it, or give another id`,
      {
        status: 409,
        code: "model_exists",
        param: "id",
      },
    );
  }
  models.set(id, undefined);
  try {
    return await onDevice(device, async (gpu) => {
      const ready = await readyModel(state, gpu, source, request, reports, { signal, onWarning });
      gpu.assertUsable(); // from here on a device loss finds it among the models
      const entry: AnyEntry = { id, request, device, ...ready, created: Math.floor(Date.now() / 1000) };
      models.delete(id); // so that it is the last
      models.set(id, entry);
      return entry;
    });
  } catch (error) {
    models.delete(id);
    throw error;
  }
}

/** The arguments of a load or of its repetition. */
type Given = Parameters<typeof loadReady>[4];

/** Opens a model's source as the first time, including cached files. */
async function openedSource(
  { options, storage }: EngineState,
  { from }: Pick<LoadRequest, "from">,
  report: Report,
  { signal, onWarning }: Given,
): Promise<FileSource> {
  const { endpoint, token } = options;
  return await sourceOf(from, { endpoint, token, ...(await storage.forModels()), onWarning, signal }, report);
}

/** Reloads all models on the device that replaces a lost one. */
async function restore(state: EngineState, gpu: Gpu): Promise<void> {
  for (const [id, entry] of state.models) {
    if (!entry) continue; // its load restarts by itself
    disposeOf(entry);
    const silent = { signal: undefined, onWarning: () => {} }; // the warnings have been given
    const source = await openedSource(state, entry.request, () => {}, silent);
    const ready = await readyModel(
      state,
      gpu,
      source,
      entry.request,
      inTurn(() => {}),
      silent,
    );
    if (state.models.get(id) === entry) Object.assign(entry, ready);
    else disposeOf(ready);
  }
}

/** The parts of a loaded model that are replaced after a device loss. */
type ReadyDecoder = Pick<LoadedEntry, "model" | "draft" | "sessions" | "tuned">;
type Ready = ReadyDecoder | (ReadyEncoder & { tuned: number });

/** A model on a device with its sessions, ready for its first request. Nothing stays allocated if that fails. */
async function readyModel(
  state: EngineState,
  gpu: Gpu,
  source: FileSource,
  request: LoadRequest,
  reports: ReturnType<typeof inTurn>,
  given: Given,
): Promise<Ready> {
  const { concurrency = 4, queue = 1000 } = state.options;
  const before = gpu.buffers.allocatedBytes;
  try {
    const limits = { concurrency, queue };
    if (request.base !== undefined) {
      return await adapterSupport().load(entryOf(state.models, request.base), source, request, limits, given);
    }
    const { kind } = await modelKind(source);
    const tuned = request.tuned ? await (await import("../../generate/tuning/entry.ts")).useStored(gpu, given) : 0;
    if (kind !== "decoder") {
      const { load } = await encoderSupport(`${source.name} is an ${kind}`);
      return { ...(await load(gpu, source, kind, request, reports.first, { ...given, limits })), tuned };
    }
    const model = await loadReady(gpu, source, request, reports.first, given);
    const sessions = createSessions(model, limits);
    const ready: ReadyDecoder = { model, draft: undefined, tuned, sessions };
    try {
      const open = (from: LoadRequest["from"], phases: Report) => openedSource(state, { from }, phases, given);
      ready.draft = await loadDraftOf(request, model, open, reports.second, given);
      await warmUp(ready, request, reports.first, given.signal);
      return ready;
    } catch (error) {
      disposeOf(ready);
      throw error;
    }
  } catch (error) {
    gpu.buffers.trim();
    if (!(error instanceof AllocationError) || request.base !== undefined) throw error;
    const silent = { ...given, onWarning: () => {} };
    const open = (from: LoadRequest["from"]) => openedSource(state, { from }, () => {}, silent);
    const { explainMemory } = await import("./explain-memory.ts");
    throw await explainMemory(error, before, source, { planLoad, planOfDraft, open }, request, gpu);
  }
}

/** Opens a session, so that memory and programs are ready for the first request. */
async function warmUp(
  { model, draft, sessions }: ReadyDecoder,
  request: LoadRequest,
  report: Report,
  signal: AbortSignal | undefined,
): Promise<void> {
  report({ phase: "warm-up", done: 0, total: 1 });
  const session = await sessions.take([], undefined);
  if (!session) return;
  const speculative = proposing({ id: model.name, draft, request }, undefined);
  // A draft model has other programs when drawing tokens, the default of OpenAI-style requests.
  const { temperature = 1 } = model.defaults.options;
  await session.warm(Math.min(typicalPrompt, model.context), speculative ? { speculative, temperature } : {});
  signal?.throwIfAborted();
  sessions.give(session);
  report({ phase: "warm-up", done: 1, total: 1 });
}

/** Stops a model and frees its memory; all models without an id. */
export function unload({ models, device }: EngineState, id: string | undefined): void {
  if (id !== undefined && !models.get(id)) {
    throw new RequestError(`the model ${JSON.stringify(id)} is not loaded`, {
      status: 404,
      code: "model_not_found",
      param: "id",
    });
  }
  for (const [name, entry] of [...models]) {
    // Adapters of a model end with it.
    if (!entry || (id !== undefined && name !== id && entry.request.base !== id)) continue;
    models.delete(name);
    disposeOf(entry);
  }
  device.gpu.buffers.trim();
}

/** An engine's file cache, opened on first use. */
interface Storage extends EngineStorage {
  /** The option `cache` of `openModel`. */
  forModels(): Promise<Pick<HubOptions, "cache">>;
}

/** The cached files of this origin, or of this user in Node; undefined for an engine without a cache. */
function createStorage({ cache: keeps = true }: EngineOptions): Storage {
  let opened: Promise<ModelCache | undefined> | undefined;
  const cache = () => {
    opened ??= openModelCache();
    return opened;
  };
  return {
    forModels: async () => {
      if (!keeps) return { cache: false };
      const found = await cache();
      // In Node, folders on web servers are not cached: they are usually the user's own files.
      return found && found.kind !== "folder" ? { cache: found } : {};
    },
    list: async () => (await cache())?.list() ?? [],
    delete: async (id) => await (await cache())?.delete(id),
    deleteAll: async () => await (await cache())?.deleteAll(),
    estimate: async () => (await cache())?.estimate() ?? { used: 0 },
    persist: async () => (await cache())?.persist() ?? false,
  };
}
