/** The model's names on the bench's hub: as this engine reads it, and as transformers.js does. */
export const repositories = { safetensors: "bench/model", onnx: "bench/model-onnx" } as const;
