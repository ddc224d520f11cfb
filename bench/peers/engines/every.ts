import type { Gpu } from "../../../src/index.ts";
import type { Engine } from "./engine.ts";
import { jax } from "./jax/jax.ts";
import { onnxruntime, onnxruntimeWithoutSubgroups } from "./onnxruntime/onnxruntime.ts";
import { onnxruntimeWasm } from "./onnxruntime/onnxruntime-wasm.ts";
import { shaderformer } from "./shaderformer.ts";
import { tensorflow } from "./tensorflow.ts";
import { transformers, transformersWithoutSubgroups } from "./transformers.ts";
import { wllama } from "./wllama.ts";

/** Every engine that is compared, this one first. To add one, write a file next to these and name it here. */
export const everyEngine = (gpu: Gpu): readonly Engine[] => [
  shaderformer(gpu),
  jax,
  onnxruntime,
  onnxruntimeWithoutSubgroups,
  onnxruntimeWasm,
  tensorflow,
  transformers,
  transformersWithoutSubgroups,
  wllama,
];
