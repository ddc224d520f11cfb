import { openWllama } from "../../wllama/wllama.ts";
import { textModel, textPrompt } from "../generate.ts";
import type { Engine } from "./engine.ts";
import { loadVendor, vendorUrl } from "./vendor.ts";

/** wllama: llama.cpp as WebAssembly with its WebGPU backend. Its worker does not expose the device. */
export const wllama: Engine = {
  name: "wllama",
  peer: true,
  summary: "the model's GGUF in llama.cpp's WebGPU backend, which requires shader-f16; loads 11 MB",
  computes: ["texts"],
  open: async () => {
    const { version } = await loadVendor<{ readonly version: string }>("wllama-version.js");
    const answer = await fetch(vendorUrl(`${textModel.name}.gguf`));
    if (!answer.ok) throw new Error(`${answer.url}: the server answers ${answer.status}`);
    const { device, complete } = await openWllama({
      module: vendorUrl("wllama.js"),
      wasm: vendorUrl("wllama.wasm"),
      file: await answer.blob(),
      webgpu: true,
      context: 512,
    });
    return {
      version,
      device,
      texts: ({ tokens: maxTokens }) => [
        async () => {
          const request = { prompt: textPrompt, maxTokens, fresh: true };
          let made = "";
          return {
            variant: "createCompletion",
            run: async () => {
              made = (await complete(request)).text;
            },
            settle: async () => {},
            // Reporting token ids costs wllama time, so they come from a separate run, which has to produce the same
            // text.
            read: async () => {
              const { text, tokens } = await complete({ ...request, ids: true });
              if (text !== made)
                throw new Error(`its text is ${JSON.stringify(made)} once and then ${JSON.stringify(text)}`);
              return tokens;
            },
            dispose: () => {},
          };
        },
      ],
    };
  },
};
