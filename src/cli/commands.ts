/** The commands, each loaded on demand. */
export const commands = {
  generate: {
    summary: "continue a text",
    load: async () => (await import("./generate/generate.ts")).generateCommand(),
  },
  serve: {
    summary: "answer requests of OpenAI's interface over HTTP",
    load: async () => (await import("./serve.ts")).serveCommand(),
  },
  inspect: {
    summary: "show logits, inner tensors, and every call and dispatch",
    load: async () => (await import("./inspect/inspect.ts")).inspectCommand(),
  },
  experts: {
    summary: "show which experts a router chooses for the tokens of a text",
    load: async () => (await import("./experts.ts")).expertsCommand(),
  },
  perplexity: {
    summary: "measure how well a model predicts a text",
    load: async () => (await import("./perplexity.ts")).perplexityCommand(),
  },
  embed: {
    summary: "make vectors of texts, and compare them",
    load: async () => (await import("./encoders/embed.ts")).embedCommand(),
  },
  hidden: {
    summary: "print an encoder's states of a text, layer by layer",
    load: async () => (await import("./encoders/hidden.ts")).hiddenCommand(),
  },
  "fill-mask": {
    summary: "find the likeliest tokens for the masks in a text",
    load: async () => (await import("./encoders/fill-mask.ts")).fillMaskCommand(),
  },
  classify: {
    summary: "score the labels of a text, or of its tokens",
    load: async () => (await import("./encoders/classify.ts")).classifyCommand(),
  },
  answer: {
    summary: "find the part of a text that answers a question",
    load: async () => (await import("./encoders/answer.ts")).answerCommand(),
  },
  train: {
    summary: "train a model, an existing or a fresh one, or an adapter of one",
    load: async () => (await import("./train/train.ts")).trainCommand(),
  },
  nearest: {
    summary: "find words by their vectors, and complete analogies",
    load: async () => (await import("./nearest.ts")).nearestCommand(),
  },
  convert: {
    summary: "write a folder as a GGUF file, or a GGUF file as a folder",
    load: async () => (await import("./convert.ts")).convertCommand(),
  },
  study: {
    summary: "run a shader thread by thread: what it requests from memory, races, prints",
    load: async () => (await import("./study/study.ts")).studyCommand(),
  },
  tune: {
    summary: "measure which variants are fastest on this device",
    load: async () => (await import("./tune.ts")).tuneCommand(),
  },
  bench: {
    summary: "check kernels, then time them",
    load: async () => await (await import("./bench/bench.ts")).benchCommand(),
  },
} as const;
