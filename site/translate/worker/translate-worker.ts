// The worker of the page: owns the device and the model, and writes texts with the attention of their tokens.

import type { Gpu } from "../../../src/gpu/gpu.ts";
import type { EncoderDecoder } from "../../../src/seq2seq/encoder-decoder.ts";
import { planOf, sourceOf } from "../../shell/model/source.ts";
import { type Handlers, serveCalls } from "../../shell/worker/serve.ts";
import { factsOf, loadModelFor } from "./model.ts";
import type { Calls } from "./protocol.ts";
import { write } from "./write.ts";

let gpu: Gpu | undefined;
let model: EncoderDecoder | undefined;
let stopping = new AbortController();

const handlers: Handlers<Calls> = {
  plan: async (request, { signal }) => {
    const source = await sourceOf(request, signal);
    return { ...(await planOf(source, signal)), license: source.license };
  },
  load: async (request, { signal, report }) => {
    if (!gpu) throw new Error("there is no GPU");
    model?.dispose();
    model = undefined;
    model = await loadModelFor(gpu, request, report, signal);
    return await factsOf(model);
  },
  write: async (given, { signal, report }) => {
    if (!model) throw new Error("no model is loaded");
    stopping = new AbortController();
    return await write(model, given, report, { signal, stop: stopping.signal });
  },
  stop: async () => {
    stopping.abort();
    return undefined;
  },
};

serveCalls(handlers, (opened) => {
  gpu = opened;
});
