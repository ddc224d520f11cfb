import { problemOfChosen } from "./chosen-files.ts";

/** The source of the model. */
export type ModelChoice =
  | { readonly kind: "bundled" }
  /** The name of a repository, or an address. */
  | { readonly kind: "named"; readonly text: string }
  | { readonly kind: "files"; readonly name: string; readonly files: Readonly<Record<string, Blob>> };

/** `owner/name`, with a revision if there is one. */
const repository = /^[\w.-]+\/[\w.-]+(@[\w./-]+)?$/;

/** A page's kind of models: `bundled` is its own, `example` the name of another, `what` their description. */
export function choicesOf({
  bundled,
  example,
  what,
}: {
  readonly bundled: string;
  readonly example: string;
  readonly what: string;
}) {
  /** The problem with the reader's choice; empty before there is one. */
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
    /** The source of a model; undefined until the reader has named one. */
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
    /** The model's name in links and files. */
    nameOf: (choice: ModelChoice): string =>
      choice.kind === "bundled" ? bundled : choice.kind === "files" ? choice.name : choice.text.trim(),
    /** The model for a name in a link or a file. */
    choiceOf: (name: string): ModelChoice => (name === bundled ? { kind: "bundled" } : { kind: "named", text: name }),
  };
}

/** The host of the files; undefined for this site or this device. */
export function hostOf(choice: ModelChoice, endpoint: string): string | undefined {
  if (choice.kind !== "named") return undefined;
  const text = choice.text.trim();
  const address = /^https?:\/\//.test(text) ? text : endpoint;
  return URL.canParse(address) ? new URL(address).host : undefined;
}
