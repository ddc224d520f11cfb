// Loaded with the first GGUF file.
export { readGguf } from "./model-files.ts";
export { readTokenizer } from "./tokenizer/tokenizer.ts";
