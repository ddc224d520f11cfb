// The page of worker-engine.test.ts: an engine in a worker of its own.
import { createWorkerEngine } from "../../src/engine/create-worker-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { GenerateRequest } from "../../src/engine/generate-request.ts";
import type { ChatCompletionRequest } from "../../src/engine/openai/types.ts";

let worker: Worker | undefined;
let engine: Engine | undefined;

export const workerTasks = {
  /** Loads a model; the phases that the worker reports. */
  async load(model: string, chatTemplate: string, draft: string): Promise<string[]> {
    worker = new Worker("/worker.js", { type: "module" });
    engine = await createWorkerEngine(worker, { cache: false });
    const phases = new Set<string>();
    const [from, smaller] = [model, draft].map((path) => new URL(path, location.href).href) as [string, string];
    const speculative = { kind: "draft", from: smaller } as const;
    await engine.load(from, { id: "voices", chatTemplate, speculative, onProgress: ({ phase }) => phases.add(phase) });
    return [...phases];
  },
  /** The text, and how often the page's own timer ran meanwhile. */
  async generate(request: GenerateRequest) {
    if (!engine) throw new Error("nothing is loaded");
    let [ticks, pieces] = [0, 0];
    const timer = setInterval(() => ticks++, 1);
    const generation = engine.generate(request);
    for await (const _ of generation) pieces++;
    clearInterval(timer);
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
  /** The error of a worker whose script is not there. */
  async missing(): Promise<string> {
    const opening = createWorkerEngine(new Worker("/no-worker.js", { type: "module" }));
    return await opening.then(() => "", String);
  },
};

Reflect.set(globalThis, "workerTasks", workerTasks);
