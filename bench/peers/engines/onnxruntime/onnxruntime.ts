import { deviceWithoutSubgroups } from "../device.ts";
import type { Engine, OpenEngine } from "../engine.ts";
import { loadVendor, vendorUrl } from "../vendor.ts";
import { operatorModel } from "./onnx-model.ts";
import { encoderWays } from "./onnxruntime-encoder.ts";
import { waysOf } from "./onnxruntime-operators.ts";
import { type Ort, sessionOptions } from "./onnxruntime-session.ts";
import { sequenceWays } from "./onnxruntime-t5.ts";

const wasm = "ort-wasm-simd-threaded.asyncify";

/** onnxruntime-web with its defaults. */
export const onnxruntime: Engine = {
  name: "onnxruntime-web",
  peer: true,
  summary: "GroupQueryAttention, MultiHeadAttention and MatMul on a device that it creates; loads 27 MB",
  computes: ["arrays", "vectors", "sequences"],
  open: () => openOrt(undefined),
};

/** onnxruntime-web on a device without subgroups: its kernels that use them give wrong results on software adapters. */
export const onnxruntimeWithoutSubgroups: Engine = {
  name: "onnxruntime-web (no subgroups)",
  peer: true,
  summary:
    "the same on a device without subgroups, where its attention is correct on software adapters too; loads the same 27 MB",
  computes: ["arrays", "vectors", "sequences"],
  open: async () => openOrt(await deviceWithoutSubgroups()),
};

async function openOrt(given: GPUDevice | undefined): Promise<OpenEngine> {
  // A separate module for each, because onnxruntime-web keeps the first device that it is given.
  const ort = await loadVendor<Ort>(`onnxruntime.mjs?${given ? "given" : "own"}-device`);
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = { mjs: vendorUrl(`${wasm}.mjs`), wasm: vendorUrl(`${wasm}.wasm`) };
  const warmUp = operatorModel({
    operator: "Relu",
    inputs: ["x"],
    outputs: ["y"],
    given: [["x", [1]]],
    results: [["y", [1]]],
  });
  // Kept open, because onnxruntime-web drops its device with its last session, and the next one would get another
  // device.
  await ort.InferenceSession.create(warmUp, sessionOptions(given));
  const device = given ?? (await ort.env.webgpu.device);
  return {
    version: ort.env.versions.web ?? "",
    device,
    ways: (problem) => waysOf({ ort, given, device }, problem),
    vectors: (problem) => encoderWays(ort, { ...sessionOptions(given), preferredOutputLocation: "cpu" }, problem),
    sequences: (problem) => sequenceWays(ort, sessionOptions(given), "gpu-buffer", problem),
  };
}
