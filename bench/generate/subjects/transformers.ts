// transformers.js on WebGPU, with what its documentation shows: a tokenizer, a model, a streamer.
import { deviceName, deviceWithoutSubgroups } from "../../peers/engines/device.ts";
import { repositories } from "../repositories.ts";
import { type Sample, type Subject, stopwatch } from "../sample.ts";
import { startPage } from "./page.ts";

/** The part of transformers.js that is used: its package is not installed where this project is type-checked. */
interface Transformers {
  readonly env: {
    readonly version: string;
    allowLocalModels: boolean;
    remoteHost: string;
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

/** ONNX Runtime's WebGPU build, which transformers.js takes in Chromium. */
const wasm = "ort-wasm-simd-threaded.asyncify";

/** Opens it with the device that it makes itself, or on one without subgroups. */
export async function openTransformers(hub: string, subgroups: boolean): Promise<Subject> {
  const { env, AutoTokenizer, AutoModelForCausalLM, TextStreamer } = await load();
  env.allowLocalModels = false;
  env.remoteHost = `${hub}/`;
  env.backends.onnx.wasm.wasmPaths = Object.fromEntries(
    ["mjs", "wasm"].map((kind) => [kind, new URL(`${wasm}.${kind}`, location.href).href]),
  );
  const device = subgroups ? undefined : await deviceWithoutSubgroups();
  const session = device ? { session_options: { executionProviders: [{ name: "webgpu", device }] } } : {};
  const [tokenizer, model] = await Promise.all([
    AutoTokenizer.from_pretrained(repositories.onnx),
    AutoModelForCausalLM.from_pretrained(repositories.onnx, { device: "webgpu", dtype: "fp32", ...session }),
  ]);
  return {
    version: env.version,
    device: deviceName(device ?? (await env.backends.onnx.webgpu.device)),
    async generate(prompt, count): Promise<Sample> {
      const { tokens, arrived, times } = stopwatch();
      const inputs = tokenizer(prompt);
      const streamer = new TextStreamer(tokenizer, {
        skip_prompt: true,
        callback_function: () => {},
        token_callback_function: (given: bigint[]) => {
          for (const token of given) arrived(Number(token));
        },
      });
      await model.generate({ ...inputs, do_sample: false, max_new_tokens: count, streamer });
      const promptTokens = (inputs.input_ids.tolist()[0] ?? []).map(Number);
      const text = tokenizer.decode(tokens, { skip_special_tokens: true });
      return { promptTokens, tokens, text, cachedTokens: 0, ...times() };
    },
  };
}

async function load(): Promise<Transformers> {
  const address = new URL("vendor.js", location.href).href;
  return (await import(address)) as Transformers;
}

startPage(({ hub }) => openTransformers(hub, !location.hash.includes("no-subgroups")));
