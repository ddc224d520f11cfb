// The worker of the page: splits texts, and owns the device, the model and the index.

import type { Gpu } from "../../../src/gpu/gpu.ts";
import { type Handlers, serveCalls } from "../../shell/worker/serve.ts";
import { cut } from "../text/passages.ts";
import { IndexedPassages } from "./indexed.ts";
import { type LoadedModel, loadModelFor, planModel } from "./model.ts";
import type { Calls } from "./protocol.ts";

let gpu: Gpu | undefined;
let model: LoadedModel | undefined;
let indexed: IndexedPassages | undefined;

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

const handlers: Handlers<Calls> = {
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
  index: async (given) => {
    const next = await IndexedPassages.of(device(), given);
    indexed?.dispose();
    indexed = next;
    return undefined;
  },
  check: async (_given, { signal }) => {
    await passages().check(loaded(), signal);
    return undefined;
  },
  search: ({ query }, { signal }) => passages().search(loaded(), query, signal),
  mark: async ({ query, passages: which }, { signal, report }) => {
    await passages().mark(loaded(), query, which, report, signal);
    return undefined;
  },
  map: (_given, { signal }) => passages().map(signal),
};

serveCalls(handlers, (opened) => {
  gpu = opened;
});
