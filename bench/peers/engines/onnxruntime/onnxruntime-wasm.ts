import type { Engine } from "../engine.ts";
import { loadVendor, vendorUrl } from "../vendor.ts";
import { encoderWays } from "./onnxruntime-encoder.ts";
import type { Ort } from "./onnxruntime-session.ts";
import { sequenceWays } from "./onnxruntime-t5.ts";

const wasm = "ort-wasm-simd-threaded";

/** onnxruntime-web's code for processors. */
export const onnxruntimeWasm: Engine = {
  name: "onnxruntime-web (WebAssembly)",
  peer: true,
  summary: "its code for processors, on the one thread that a page without special headers has; loads 13 MB",
  computes: ["vectors", "sequences"],
  open: async () => {
    const ort = await loadVendor<Ort>("onnxruntime-wasm.mjs");
    ort.env.logLevel = "error";
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmPaths = { mjs: vendorUrl(`${wasm}.mjs`), wasm: vendorUrl(`${wasm}.wasm`) };
    const options = { executionProviders: ["wasm"], graphOptimizationLevel: "all", logSeverityLevel: 3 };
    return {
      version: ort.env.versions.web ?? "",
      device: null,
      vectors: (problem) => encoderWays(ort, options, problem),
      sequences: (problem) => sequenceWays(ort, options, "cpu", problem),
    };
  },
};
