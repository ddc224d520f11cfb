// transformers.js on WebGPU, with what its documentation shows: a tokenizer, a model, a streamer.
import { deviceWithoutSubgroups } from "../peers/engines/device.ts";

/** The part of transformers.js that is used: its package is not installed where this project is type-checked. */
interface Transformers {
  readonly env: {
    readonly version: string;
    allowLocalModels: boolean;
    remoteHost: string;
    remotePathTemplate: string;
    useWasmCache: boolean;
    readonly backends: { readonly onnx: { readonly wasm: { wasmPaths: object }; readonly webgpu: OrtWebGpu } };
  };
  readonly AutoTokenizer: { from_pretrained(name: string): Promise<Tokenizer> };
  readonly AutoModelForCausalLM: { from_pretrained(name: string, options: object): Promise<Model> };
  readonly TextStreamer: new (tokenizer: Tokenizer, options: object) => object;
}
interface OrtWebGpu {
  readonly device: Promise<GPUDevice>;
}
interface Tokenizer {
  (text: string): { readonly input_ids: { tolist(): bigint[][] } };
  decode(tokens: readonly number[], options: object): string;
}
interface Model {
  generate(options: object): Promise<unknown>;
}

/** The names that a bundle of transformers.js exports for it. */
export const transformersExports = "AutoModelForCausalLM, AutoTokenizer, TextStreamer, env";

/** ONNX Runtime's WebGPU build, which transformers.js takes in Chromium: a module and a WebAssembly of this name. */
export const transformersWasm = "ort-wasm-simd-threaded.asyncify";

/** Where transformers.js and its model are. */
export interface TransformersPlaces {
  /** The address of the bundle; the files of `transformersWasm` are next to it. */
  readonly bundle: string;
  /** The hub's address, ending in "/". */
  readonly host: string;
  /** Where a model's files are there; default as Hugging Face has them. */
  readonly path?: string;
  /** The model's name. */
  readonly model: string;
  /** False: its WebAssembly is loaded from where it is, for pages that may not run what is in a blob; default its own. */
  readonly wasmCache?: false;
  /** False: it computes on a device without subgroups; true: on the one that it makes itself. */
  readonly subgroups: boolean;
}

/** A greedy text. */
export interface TransformersText {
  readonly promptTokens: readonly number[];
  readonly tokens: readonly number[];
  readonly text: string;
}

/** A model in transformers.js. */
export interface OpenTransformers {
  readonly version: string;
  readonly device: GPUDevice;
  /** Continues a prompt greedily; `arrived` is called with each token as it comes. */
  generate(prompt: string, count: number, arrived: (token: number) => void): Promise<TransformersText>;
}

/** Loads a model's ONNX with f32 arithmetic. */
export async function openTransformers(places: TransformersPlaces): Promise<OpenTransformers> {
  const { bundle, host, path, model: name, wasmCache, subgroups } = places;
  const module = (await import(/* @vite-ignore */ bundle)) as Transformers;
  const { env, AutoTokenizer, AutoModelForCausalLM, TextStreamer } = module;
  env.allowLocalModels = false;
  env.remoteHost = host;
  if (path !== undefined) env.remotePathTemplate = path;
  if (wasmCache !== undefined) env.useWasmCache = wasmCache;
  env.backends.onnx.wasm.wasmPaths = Object.fromEntries(
    ["mjs", "wasm"].map((kind) => [kind, new URL(`${transformersWasm}.${kind}`, bundle).href]),
  );
  const device = subgroups ? undefined : await deviceWithoutSubgroups();
  const session = device ? { session_options: { executionProviders: [{ name: "webgpu", device }] } } : {};
  const [tokenizer, model] = await Promise.all([
    AutoTokenizer.from_pretrained(name),
    AutoModelForCausalLM.from_pretrained(name, { device: "webgpu", dtype: "fp32", ...session }),
  ]);
  return {
    version: env.version,
    device: device ?? (await env.backends.onnx.webgpu.device),
    async generate(prompt, count, arrived) {
      const inputs = tokenizer(prompt);
      const tokens: number[] = [];
      const streamer = new TextStreamer(tokenizer, {
        skip_prompt: true,
        callback_function: () => {},
        token_callback_function: (given: bigint[]) => {
          for (const token of given.map(Number)) {
            tokens.push(token);
            arrived(token);
          }
        },
      });
      await model.generate({ ...inputs, do_sample: false, max_new_tokens: count, streamer });
      const promptTokens = (inputs.input_ids.tolist()[0] ?? []).map(Number);
      return { promptTokens, tokens, text: tokenizer.decode(tokens, { skip_special_tokens: true }) };
    },
  };
}
