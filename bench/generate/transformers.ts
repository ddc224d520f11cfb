// transformers.js on WebGPU, as in its documentation: a tokenizer, a model, a streamer.
import { deviceWithoutSubgroups } from "../peers/engines/device.ts";

/** The used part of transformers.js, whose package is not installed for this project's type check. */
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

/** The exports of a bundle of transformers.js. */
export const transformersExports = "AutoModelForCausalLM, AutoTokenizer, TextStreamer, env";

/** ONNX Runtime's WebGPU build, used by transformers.js in Chromium: a module and a WebAssembly of this name. */
export const transformersWasm = "ort-wasm-simd-threaded.asyncify";

/** The addresses of transformers.js and its model. */
export interface TransformersPlaces {
  /** The address of the bundle; the files of `transformersWasm` are next to it. */
  readonly bundle: string;
  /** The hub's address, ending in "/". */
  readonly host: string;
  /** The paths of a model's files there; default as on Hugging Face. */
  readonly path?: string;
  /** The model's name. */
  readonly model: string;
  /**
   * False: its WebAssembly is loaded from its address, for pages whose policy forbids blobs; default its own behaviour.
   */
  readonly wasmCache?: false;
  /** False: it computes on a device without subgroups; true: on its own device. */
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
  /** Continues a prompt greedily; `arrived` is called with each token as it arrives. */
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
