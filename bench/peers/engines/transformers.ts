import { openTransformers } from "../../generate/transformers.ts";
import { textModel, textPrompt } from "../generate.ts";
import type { Engine } from "./engine.ts";
import { peersAreHere, vendorUrl } from "./vendor.ts";

/** transformers.js on the device that it creates. */
export const transformers: Engine = engine(true, "transformers.js");

/** On a device without subgroups: kernels of ONNX Runtime that use them give wrong results on software adapters. */
export const transformersWithoutSubgroups: Engine = engine(false, "transformers.js (no subgroups)");

function engine(subgroups: boolean, name: string): Engine {
  return {
    name,
    peer: true,
    summary: `the model's ONNX${subgroups ? "" : " on a device without subgroups"}; loads 28 MB`,
    computes: ["texts"],
    open: async () => {
      if (!peersAreHere) throw new Error("this site was built without this peer's code");
      const { version, device, generate } = await openTransformers({
        // A separate module for each, because ONNX Runtime keeps the first device that it is given.
        bundle: vendorUrl(`transformers/transformers.js?${subgroups ? "own" : "given"}-device`),
        host: vendorUrl(""),
        path: "{model}",
        wasmCache: false,
        model: `${textModel.name}-onnx`,
        subgroups,
      });
      let made: readonly number[] = [];
      return {
        version,
        device,
        texts: ({ tokens: count }) => [
          async () => ({
            variant: "AutoModelForCausalLM",
            run: async () => {
              made = (await generate(textPrompt, count, () => {})).tokens;
            },
            settle: async () => {},
            read: async () => made,
            dispose: () => {}, // the model is kept, since ONNX Runtime drops its device with its last session
          }),
        ],
      };
    },
  };
}
