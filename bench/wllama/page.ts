// The page on which bench generate measures this engine and wllama, with the same GGUF file.
import {
  type GpuOptions,
  type LanguageModel,
  loadModel,
  type ModelOptions,
  openFiles,
  openGpu,
} from "../../src/index.ts";
import { type OwnRuns, ownRuns } from "../models/own-runs.ts";
import type { ModelTest, Run } from "../models/result.ts";
import { type Completion, type CompletionRequest, type OpenWllama, openWllama } from "./wllama.ts";

/** This engine's options. */
export interface OwnOptions extends Pick<ModelOptions, "context" | "cache"> {
  readonly gpu: Pick<GpuOptions, "features" | "cap">;
}

/** The page's interface for its driver. Engines are opened first, and are identified by whether they run on WebGPU. */
export interface WllamaPage {
  /** Opens this engine; returns its adapter's label. */
  openOwn(options: OwnOptions): Promise<string>;
  /** Returns the likeliest tokens after a prompt. */
  ownGreedy(ids: readonly number[], count: number): Promise<readonly number[]>;
  ownRun(test: ModelTest): Promise<Run>;
  /** Opens wllama; returns the device that it computes on. */
  openWllama(webgpu: boolean, context: number): Promise<string>;
  complete(webgpu: boolean, request: CompletionRequest): Promise<Completion>;
}

const name = "model.gguf";
const address = (path: string) => new URL(path, document.baseURI).href;

/** The GGUF file, read once for all engines. */
const file = fetch(address(name)).then((answer) => {
  if (!answer.ok) throw new Error(`${name}: the server answers ${answer.status}`);
  return answer.blob();
});

let own: { readonly model: LanguageModel; readonly runs: OwnRuns } | undefined;
const others = new Map<boolean, OpenWllama>();

function opened<T>(engine: T | undefined): T {
  if (engine === undefined) throw new Error("the engine is not open");
  return engine;
}

const page: WllamaPage = {
  openOwn: async ({ gpu: wanted, ...options }) => {
    const gpu = await openGpu(wanted);
    const model = await loadModel(gpu, { ...openFiles({ [name]: await file }), gguf: name }, options);
    own = { model, runs: ownRuns(model) };
    return gpu.adapter.label;
  },
  ownGreedy: async (ids, count) => {
    const options = { temperature: 0, maxTokens: count, ignoreEos: true };
    const { rows } = await opened(own).model.generate([...ids], options).result;
    return rows[0]?.tokens ?? [];
  },
  ownRun: (test) => opened(own).runs.run(test),
  openWllama: async (webgpu, context) => {
    const places = { module: address("wllama.js"), wasm: address("wllama.wasm") };
    const engine = await openWllama({ ...places, file: await file, webgpu, context });
    others.set(webgpu, engine);
    return engine.device;
  },
  complete: (webgpu, request) => opened(others.get(webgpu)).complete(request),
};
Object.assign(globalThis, { wllamaPage: page });
