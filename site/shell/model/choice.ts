import { problemOfChosen } from "./chosen-files.ts";

/** Where the model comes from. */
export type ModelChoice =
  | { readonly kind: "bundled" }
  /** The name of a repository, or an address. */
  | { readonly kind: "named"; readonly text: string }
  | { readonly kind: "files"; readonly name: string; readonly files: Readonly<Record<string, Blob>> };

/** `owner/name`, with a revision if there is one. */
const repository = /^[\w.-]+\/[\w.-]+(@[\w./-]+)?$/;

/** What a page does with choices of a model: `bundled` is its own, `example` the name of another that it takes, `what` what they are. */
export function choicesOf({
  bundled,
  example,
  what,
}: {
  readonly bundled: string;
  readonly example: string;
  readonly what: string;
}) {
  /** What is wrong with what the reader chose; empty where nothing was chosen yet. */
  const problemOf = (choice: ModelChoice): string | undefined => {
    if (choice.kind === "bundled") return undefined;
    if (choice.kind === "files") return problemOfChosen(choice, { gguf: false, what });
    const text = choice.text.trim();
    if (text === "") return "";
    if (/^https?:\/\//.test(text)) return URL.canParse(text) ? undefined : "This is not an address.";
    return repository.test(text)
      ? undefined
      : `A repository is named owner/name, as ${example}; a revision may follow after @. An address begins with https://.`;
  };
  return {
    problemOf,
    /** What the source of a model is; undefined while the reader has not named one. */
    sourceOf: (choice: ModelChoice): string | Readonly<Record<string, Blob>> | undefined => {
      if (problemOf(choice) !== undefined) return undefined;
      switch (choice.kind) {
        case "bundled":
          return new URL(`../models/${bundled}/`, document.baseURI).href;
        case "named":
          return choice.text.trim();
        case "files":
          return choice.files;
      }
    },
    /** How links and files name the model. */
    nameOf: (choice: ModelChoice): string =>
      choice.kind === "bundled" ? bundled : choice.kind === "files" ? choice.name : choice.text.trim(),
    /** The model that a link or a file names. */
    choiceOf: (name: string): ModelChoice => (name === bundled ? { kind: "bundled" } : { kind: "named", text: name }),
  };
}

/** The host that the files come from; undefined where they come from this site or this device. */
export function hostOf(choice: ModelChoice, endpoint: string): string | undefined {
  if (choice.kind !== "named") return undefined;
  const text = choice.text.trim();
  const address = /^https?:\/\//.test(text) ? text : endpoint;
  return URL.canParse(address) ? new URL(address).host : undefined;
}
