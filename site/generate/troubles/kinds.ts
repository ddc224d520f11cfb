/** What a page was doing when something failed. */
export type During = "load" | "generate" | "plan";

/** A kind of failure: its key, words in its message, and what to do. */
type Kind = readonly [key: string, pattern: RegExp, todo: string];

const anywhere: readonly Kind[] = [
  [
    "out-of-memory",
    /out of memory|could not be allocated|OutOfMemory|allocation/i,
    "Use a shorter context or a smaller model, or close other pages that use the GPU; the memory has been freed.",
  ],
];
const lost: Kind = [
  "lost",
  /device was lost|lost the device|no adapter|device is gone/i,
  "Drivers do this now and then: restart the engine, and load the model again from the browser's storage. A reload of the page helps where that does not.",
];

/** For fetched models. */
const fetched: readonly Kind[] = [
  ...anywhere,
  [
    "unauthorised",
    /\b401\b/,
    "The repository is private, needs a token, or its name is misspelt: check the name, or enter an access token of the hub.",
  ],
  ["gated", /\b403\b/, "Accept the model's licence on its page at the hub, then give an access token of your account."],
  [
    "not-found",
    /\b404\b|no such file|there is no/i,
    "Check the name and the revision: the repository has to hold config.json and safetensors files.",
  ],
  ["busy", /\b429\b/, "The host asks to wait: try again in a few minutes."],
  [
    "storage-full",
    /quota|storage is full/i,
    "Delete models that the browser keeps (Storage, below), or go on: without storage the model is downloaded again next time.",
  ],
  [
    "two-tabs",
    /another tab|is being loaded elsewhere/i,
    "Wait until the other tab has loaded it, then try again: it will come from the browser's storage.",
  ],
  lost,
  [
    "offline",
    /fetch|network|connection|ended early|timed? ?out/i,
    "Check the connection and try again: what was downloaded is kept, and the load goes on from there.",
  ],
];

/** For the reader's own files, which are not downloaded. */
const own: readonly Kind[] = [
  ...anywhere,
  lost,
  [
    "not-found",
    /no such file|there is no/i,
    "Take all files of the model's folder together: config.json, tokenizer.json and safetensors; or a GGUF file alone.",
  ],
];

const tooLong: Kind = [
  "too-long",
  /context|longer than/i,
  "Shorten the text, begin a new conversation, or load the model with a longer context.",
];

const otherwise: Readonly<Record<During, string>> = {
  generate: "The text so far stays; change the settings, or try again.",
  load: "Choose another model, or try again.",
  plan: "Choose another model, or try again.",
};

/** The kind of a failure, by its words, and what to do; `ofFiles` if the model is the reader's own files. */
export function kindOf(
  text: string,
  during: During,
  ofFiles: boolean,
): { readonly key: string | undefined; readonly todo: string } {
  const kinds = [...(ofFiles ? own : fetched), ...(during === "generate" ? [tooLong] : [])];
  const [key, , todo] = kinds.find(([, pattern]) => pattern.test(text)) ?? [];
  const standard =
    ofFiles && during !== "generate" ? "Take other files: a GGUF file, or a model's whole folder." : otherwise[during];
  return { key, todo: todo ?? standard };
}
