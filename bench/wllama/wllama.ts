// wllama 3 on a page: llama.cpp as WebAssembly, in its own worker.

/** The part of wllama in use: this project is type-checked without its package. */
interface WllamaModule {
  readonly Wllama: new (paths: { readonly default: string }, config: object) => WllamaInstance;
}
interface WllamaInstance {
  setCompat(compat: null): void;
  loadModel(files: readonly Blob[], options: object): Promise<void>;
  createCompletion(options: object): Promise<Answer>;
  getNumThreads(): number;
  exit(): Promise<void>;
}
interface Answer {
  readonly choices: readonly {
    readonly text: string;
    readonly logprobs?: { readonly content?: readonly { readonly id: number }[] } | null;
  }[];
  readonly timings: {
    readonly cache_n: number;
    readonly prompt_n: number;
    readonly prompt_ms: number;
    readonly predicted_n: number;
    readonly predicted_ms: number;
  };
}

/** Seconds that llama.cpp's WebGPU backend waits for what it has submitted (ggml-webgpu.cpp). */
const longestWait = 30;

/** Options for opening wllama. */
export interface WllamaOptions {
  /** Addresses of its module and of its WebAssembly. */
  readonly module: string;
  readonly wasm: string;
  /** A GGUF file. */
  readonly file: Blob;
  /** Whether to use its WebGPU backend; false: WebAssembly on the processor. */
  readonly webgpu: boolean;
  /** Tokens that the cache has room for. */
  readonly context: number;
}

/** A request for a greedy continuation. */
export interface CompletionRequest {
  readonly prompt: string;
  readonly maxTokens: number;
  /** Whether to return the tokens' ids, each of which costs a softmax and a sort of the vocabulary. */
  readonly ids?: boolean;
  /** Whether to compute the whole prompt without reading from the cache. */
  readonly fresh?: boolean;
}

/** A greedy continuation, with the times that llama.cpp's server measures. */
export interface Completion {
  readonly text: string;
  /** Ids of the tokens; empty unless requested. */
  readonly tokens: readonly number[];
  /** Number of tokens. */
  readonly made: number;
  /** Tokens of the prompt that were computed, and those that were in the cache. */
  readonly prompted: number;
  readonly cached: number;
  /** Milliseconds from the start of the prompt to the first token, and from the first to the last. */
  readonly promptMs: number;
  readonly decodeMs: number;
}

/** A model in wllama. */
export interface OpenWllama {
  /** The adapter that its WebGPU backend names, or the processor's threads. */
  readonly device: string;
  complete(request: CompletionRequest): Promise<Completion>;
  close(): Promise<void>;
}

/**
 * Loads a model. Throws if the WebGPU backend is requested but does not take all layers, since wllama would silently
 * compute on the processor.
 */
export async function openWllama({ module, wasm, file, webgpu, context }: WllamaOptions): Promise<OpenWllama> {
  if (!Reflect.get(WebAssembly, "Suspending")) {
    throw new Error("wllama requires JSPI (WebAssembly.Suspending), which this browser does not have");
  }
  if (webgpu) await checkAdapter();
  const { Wllama } = (await import(/* @vite-ignore */ module)) as WllamaModule;
  const said: string[] = [];
  const note = (...words: unknown[]) => void said.push(words.join(" "));
  const wllama = new Wllama({ default: wasm }, { logger: { debug: note, log: note, warn: note, error: note } });
  wllama.setCompat(null); // otherwise it loads a slower build from another site if this browser lacks a feature
  const threads = navigator.hardwareConcurrency;
  /** Quotes its last output, because its errors often have no message. */
  const explained = async <T>(doing: string, call: () => Promise<T>): Promise<T> => {
    const from = said.length;
    try {
      return await call();
    } catch (cause) {
      const words = [String(cause), ...said.slice(from).slice(-4)].join("; ").replaceAll(/\s+/g, " ");
      const late = words.includes("webgpu_wait_queue");
      const why = late ? `it waits for the GPU for ${longestWait} s at most, and gives up` : words;
      throw new Error(`wllama failed while it ${doing}: ${why}`, { cause });
    }
  };
  await explained("loaded the model", () =>
    wllama.loadModel([file], {
      n_ctx: context,
      n_parallel: 1,
      n_threads: threads,
      n_gpu_layers: webgpu ? 99_999 : 0,
    }),
  );
  const adapter = webgpu ? adapterOf(said) : undefined;
  if (webgpu && adapter === undefined) {
    await wllama.exit();
    throw new Error(`wllama's WebGPU backend did not take the model: ${said.slice(-3).join("; ")}`);
  }
  const { length } = said;
  return {
    device: adapter ?? `the processor, ${wllama.getNumThreads()} of its threads`,
    complete: async ({ prompt, maxTokens, ids = false, fresh = false }) => {
      said.length = length;
      const answer = await explained(`computed ${maxTokens} tokens after a prompt`, () =>
        wllama.createCompletion({
          prompt,
          max_tokens: maxTokens,
          temperature: 0,
          top_k: 1,
          samplers: ["top_k"],
          ignore_eos: true,
          cache_prompt: !fresh,
          ...(ids && { n_probs: 1 }),
        }),
      );
      const { timings, choices } = answer;
      const [choice] = choices;
      if (!choice || !timings) throw new Error(`wllama gave no completion: ${said.slice(length).slice(-3).join("; ")}`);
      return {
        text: choice.text,
        tokens: ids ? (choice.logprobs?.content ?? []).map(({ id }) => id) : [],
        made: timings.predicted_n,
        prompted: timings.prompt_n,
        cached: timings.cache_n,
        promptMs: timings.prompt_ms,
        decodeMs: timings.predicted_ms,
      };
    },
    close: () => wllama.exit(),
  };
}

/** Throws if there is no adapter, or one that the backend refuses. */
async function checkAdapter(): Promise<void> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("there is no WebGPU adapter");
  if (adapter.features.has("shader-f16")) return;
  const { description, architecture } = adapter.info;
  throw new Error(`wllama's WebGPU backend requires shader-f16, which ${description || architecture} does not have`);
}

/** The adapter that has all layers, according to llama.cpp's output while loading; undefined if some are elsewhere. */
function adapterOf(said: readonly string[]): string | undefined {
  const all = said.join("\n");
  const [, layers, of] = /offloaded (\d+)\/(\d+) layers to GPU/.exec(all) ?? [];
  if (layers === undefined || layers !== of) return undefined;
  const field = (name: string) => new RegExp(`adapter_info:.*\\b${name}: ([^|\\n]*)`).exec(all)?.[1]?.trim() ?? "";
  return field("device_desc") || field("name") || "adapter without a name"; // Firefox hides both
}
