// What is computed in Node and in a page, to be compared. Plain values in and out, so that it can cross over.
import { type EncoderOptions, loadEncoder } from "../../../src/encoders.ts";
import { inspect } from "../../../src/generate/look/inspection.ts";
import {
  type GenerationOptions,
  type Gpu,
  type LanguageModel,
  loadModel,
  openFiles,
  openGpu,
  type Piece,
  type Session,
  uniform,
} from "../../../src/index.ts";

/** The likeliest continuations of prompts, `batch` of them at a time. */
async function greedy(model: LanguageModel, prompts: readonly string[], maxTokens: number, batch: number) {
  const rows = [];
  for (let at = 0; at < prompts.length; at += batch) {
    const generation = model.generate(prompts.slice(at, at + batch), { temperature: 0, maxTokens });
    rows.push(...(await generation.result).rows);
  }
  return rows;
}

/** Logits of the last position. */
async function lastLogits(model: LanguageModel, tokens: readonly number[]) {
  using session = model.session();
  const { logits } = await inspect(session.state, tokens, "last");
  return [...(logits[0] ?? [])];
}

/** Texts of a prompt by seed, `batch` of them at a time. */
async function sampled(model: LanguageModel, prompt: string, seeds: readonly number[], batch: number) {
  const rows = [];
  for (let at = 0; at < seeds.length; at += batch) {
    const seed = seeds.slice(at, at + batch);
    const options = { temperature: 0.8, topK: 40, maxTokens: 5, seed };
    const prompts = seed.map(() => prompt);
    rows.push(...(await model.generate(prompts, options).result).rows);
  }
  return rows.map(({ text, tokens }) => ({ text, tokens }));
}

/** Vectors of texts by the encoder at an address, and the states of their tokens after its last layer. */
async function encoded(
  { gpu }: LanguageModel,
  address: string,
  options: EncoderOptions,
  texts: readonly string[],
  promptName?: string,
) {
  using encoder = await loadEncoder(gpu, new URL(address), options);
  const { embeddings } = await encoder.embed(texts, { promptName });
  const last = [];
  for (const text of texts) last.push((await encoder.hidden(text)).layers.at(-1)?.map((row) => [...row]) ?? []);
  return { vectors: embeddings.map((vector) => [...vector]), last };
}

/** Bits of random numbers. */
async function randomBits({ gpu }: LanguageModel, seed: number, count: number) {
  using numbers = uniform(gpu, [count], { seed });
  return [...new Uint32Array((await numbers.readStored()).buffer)];
}

/** Bind groups that generations of one prompt make, as WebGPU itself is called. */
async function bindGroups(model: LanguageModel, prompt: string, options: GenerationOptions) {
  const device = Object.getPrototypeOf(model.gpu.device) as GPUDevice;
  const create = device.createBindGroup;
  let made = 0;
  device.createBindGroup = function (this: GPUDevice, descriptor) {
    made++;
    return create.call(this, descriptor);
  };
  const during = async (run: () => Promise<unknown>) => {
    made = 0;
    await run();
    return made;
  };
  const one = () => model.generate(prompt, options).result;
  const three = () => Promise.all([one(), one(), one()]);
  using session = model.session();
  const inSession = () => session.continueFrom(model.tokenizer.encode(prompt), options).result;
  try {
    const first = await during(one);
    await one(); // a buffer may have another part in it
    const again = await during(one);
    await three();
    const atOnce = await during(three);
    await inSession();
    await inSession(); // computes the last token only, as all that follow do
    return { first, again, atOnce, inSession: [await during(inSession), await during(inSession)] };
  } finally {
    device.createBindGroup = create;
  }
}

/** How a generation ended: its stop reason or the message of its error. */
interface Ended {
  /** What ended it, and when. */
  readonly what: string;
  readonly ending: string;
  /** Bytes of buffers that it left. */
  readonly bytes: number;
}

const bytesOf = ({ buffers }: Gpu): number => {
  buffers.trim();
  return buffers.allocatedBytes;
};

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** When a generation is ended: what happens to it until then. */
const moments: Readonly<Record<string, (iterator: AsyncIterator<Piece, void>) => Promise<unknown>>> = {
  "before it begins": async () => undefined,
  "while it computes the prompt": async (iterator) => void iterator.next().catch(() => undefined),
  "between two steps": (iterator) => iterator.next(),
  "in a step": async (iterator) => {
    await iterator.next();
    void iterator.next().catch(() => undefined);
  },
};

async function endedBy(
  gpu: Gpu,
  session: Session,
  [what, moment]: readonly [string, string],
  event: (abort: AbortController, iterator: AsyncIterator<Piece, void>) => unknown,
): Promise<Ended> {
  const before = bytesOf(gpu);
  const abort = new AbortController();
  const generation = session.generate("<|whale|>The", { temperature: 0, maxTokens: 200, signal: abort.signal });
  const iterator = generation[Symbol.asyncIterator]();
  await moments[moment]?.(iterator);
  event(abort, iterator);
  const ending = await generation.result.then(({ rows }) => rows[0]?.stopReason ?? "none", messageOf);
  session.dispose();
  // A device that is gone has taken its memory with it.
  return { what: `${what} ${moment}`, ending, bytes: gpu.gone.aborted ? 0 : bytesOf(gpu) - before };
}

/** Ends generations in every way and state; the last ways lose the device of `model`, and others. */
async function endings(model: LanguageModel, url: string): Promise<Ended[]> {
  const { gpu } = model;
  await model.generate("<|whale|>The", { temperature: 0, maxTokens: 3 }).result; // the programs' memory stays
  const out: Ended[] = [];
  const all = Object.keys(moments);
  for (const moment of all) {
    const ended = async (what: string, event: Parameters<typeof endedBy>[3], session = model.session()) =>
      out.push(await endedBy(gpu, session, [what, moment], event));
    await ended("abort", (abort) => abort.abort());
    await ended("return", (_, iterator) => iterator.return?.());
    await ended("throw", (_, iterator) => iterator.throw?.(new Error("thrown")).catch(() => undefined));
    const session = model.session();
    await ended("dispose of the session", () => session.dispose(), session);
  }
  for (const moment of all.slice(1, 3)) {
    const other = await loadModel(gpu, url);
    out.push(await endedBy(gpu, other.session(), ["dispose of the model", moment], () => other.dispose()));
  }
  out.push(await endedBy(gpu, model.session(), ["destroy", "in a step"], () => gpu.device.destroy()));
  for (const what of ["close", "destroy"] as const) {
    const other = await openGpu();
    const session = (await loadModel(other, url)).session();
    const event = () => (what === "close" ? other.close() : other.device.destroy());
    out.push(await endedBy(other, session, [what, "while it computes the prompt"], event));
    other.close();
  }
  const other = await openGpu();
  const loading = loadModel(other, url, { onProgress: () => other.device.destroy() });
  const ending = await loading.then(() => "loaded", messageOf);
  out.push({ what: "destroy while loading", ending, bytes: 0 });
  return out;
}

/**
 * Loads the model of a folder from blobs and their addresses, and aborts two more loads: at once, and while weights are
 * uploaded. Returns the bytes read from files, how the loads ended, and how often the last one reported its progress,
 * of which the first report aborts it.
 */
async function loads({ gpu }: LanguageModel, folder: string, names: readonly string[]) {
  const files: Record<string, Blob | string> = {};
  let bytes = 0;
  for (const name of names) {
    const blob = await (await fetch(`${folder}/${name}`)).blob();
    files[name] = name === "config.json" ? blob : URL.createObjectURL(blob);
    if (name === "model.safetensors") bytes = blob.size;
  }
  (await loadModel(gpu, openFiles(files))).dispose();
  const aborted: string[] = [];
  let reports = 0;
  for (const uploading of [false, true]) {
    const controller = new AbortController();
    const onProgress = () => {
      reports++;
      controller.abort();
    };
    const loading = loadModel(gpu, folder, { signal: controller.signal, ...(uploading ? { onProgress } : {}) });
    if (!uploading) requestAnimationFrame(() => controller.abort());
    aborted.push(await loading.then(() => "loaded").catch((error: unknown) => (error as Error).name));
  }
  return { fromFiles: bytes, aborted, reports };
}

/** The tasks by name. */
export const tasks = { encoded, greedy, lastLogits, sampled, randomBits, bindGroups, loads, endings };
