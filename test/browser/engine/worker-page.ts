// The page of worker-engine.test.ts: an engine in a worker of its own.
import { createWorkerEngine } from "../../../src/engine/create-worker-engine.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import type { GenerateRequest } from "../../../src/engine/generate-request.ts";
import type { ChatCompletionRequest } from "../../../src/engine/openai/types.ts";

let worker: Worker | undefined;
let engine: Engine | undefined;

const maxTicks = 100;

export const workerTasks = {
  /** Loads a model, and one that drafts for it where there is one; the phases that the worker reports. */
  async load(model: string, chatTemplate: string, draft?: string): Promise<string[]> {
    worker = new Worker("/worker.js", { type: "module" });
    engine = await createWorkerEngine(worker, { cache: false });
    const phases = new Set<string>();
    const at = (path: string) => new URL(path, location.href).href;
    const drafting = draft === undefined ? {} : { speculative: { kind: "draft", from: at(draft) } as const };
    const onProgress = ({ phase }: { readonly phase: string }) => phases.add(phase);
    await engine.load(at(model), { id: "voices", chatTemplate, ...drafting, onProgress });
    return [...phases];
  },
  /** The text, and how many tasks of the page's own ran meanwhile, up to a hundred. */
  async generate(request: GenerateRequest) {
    if (!engine) throw new Error("nothing is loaded");
    let [ticks, pieces] = [0, 0];
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = () => ++ticks < maxTicks && port1.postMessage(0);
    port1.postMessage(0);
    const generation = engine.generate(request);
    for await (const _ of generation) pieces++;
    port1.close();
    const { text, speculative } = await generation.result;
    return { text, speculative, pieces, ticks };
  },
  /** What a chat answers, and why it ended. */
  async chat(request: ChatCompletionRequest): Promise<{ content: string; finish: string }> {
    const answer = await engine?.chat.completions.create({ ...request, stream: false });
    const [choice] = answer?.choices ?? [];
    return { content: choice?.message.content ?? "", finish: choice?.finish_reason ?? "" };
  },
  async refused(): Promise<string> {
    const refusal = await engine?.models.retrieve("gpt").catch((error: unknown) => error);
    return `${(refusal as Error).constructor.name}: ${(refusal as Error).message}`;
  },
  async dispose(): Promise<void> {
    await engine?.dispose();
    worker?.terminate();
  },
  /**
   * What heads of an encoder and an encoder-decoder give in the package's own worker: its masks, labels, the text of a
   * source, its parts, how an abort ends one, and an error.
   */
  async encoders(bert: string, classifier: string, dates: string, masked: string, source: string) {
    const own = new Worker("/package-worker.js", { type: "module" });
    const other = await createWorkerEngine(own, { cache: false });
    try {
      await other.load(new URL(bert, location.href).href, { id: "bert" });
      await other.load(new URL(dates, location.href).href, { id: "dates" });
      const encoder = other.encoder("bert");
      const { masks } = await encoder.fillMask(masked, { top: 2 });
      await other.load(new URL(classifier, location.href).href, { id: "classifier" });
      const { labels = [] } = await other.encoder("classifier").classify("a cat");
      const progress: number[] = [];
      const { embeddings } = await encoder.embed(["a cat", "the dog"], {
        onProgress: ({ done }) => progress.push(done),
      });
      const reason = new Error("enough");
      const aborted = await encoder.hidden("a", { signal: AbortSignal.abort(reason) }).catch((error: unknown) => error);
      const refusal = await encoder.fillMask("a").catch((error: unknown) => error);
      const request = { model: "dates", prompt: source, num_beams: 1 } as const;
      const { choices, usage } = await other.completions.create(request);
      const parts: string[] = [];
      for await (const part of await other.completions.create({ ...request, stream: true })) {
        parts.push(part.choices[0]?.text ?? "");
      }
      const { results } = await other.encoderDecoder("dates").generate(source, { beams: 4 });
      return {
        ids: masks.map((tokens) => tokens.map(({ id }) => id)),
        labels: labels.length,
        finite: embeddings.every((row) => row.every(Number.isFinite)),
        progress,
        aborted: aborted === reason,
        refusal: (refusal as Error).name,
        text: choices[0]?.text,
        usage,
        parts,
        searched: results[0]?.text,
      };
    } finally {
      await other.dispose();
      own.terminate();
    }
  },
  /** The error of a worker whose script is not there. */
  async missing(): Promise<string> {
    const opening = createWorkerEngine(new Worker("/no-worker.js", { type: "module" }));
    return await opening.then(() => "", String);
  },
};

Reflect.set(globalThis, "workerTasks", workerTasks);
