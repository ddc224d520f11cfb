import type { ModelSource } from "../../../src/engine/engine.ts";
import { problemOfChosen, type TakenFiles } from "../../shell/model/chosen-files.ts";
import { isTrained } from "../../shell/model/trained-link.ts";

/** The site's own models. */
export const bundled = {
  "voices-dense": { title: "Voices, dense", says: "6 layers; four voices: scripture, whale, union, jargon" },
  "voices-nano": { title: "Voices, nano", says: "the smallest: 4 layers, trained by this engine itself in 37 minutes" },
  "voices-moe": { title: "Voices, mixture", says: "the same with experts; shows which of them each token went to" },
} as const;

export type BundledName = keyof typeof bundled;

/** The source of the model. */
export type ModelChoice =
  | { readonly kind: "bundled"; readonly name: BundledName }
  | { readonly kind: "hub"; readonly text: string }
  | { readonly kind: "address"; readonly text: string }
  | { readonly kind: "files"; readonly name: string; readonly files: Readonly<Record<string, Blob>> };

/** `owner/name`, with a revision if there is one, or a GGUF file in it. */
const repository = /^[\w.-]+\/[\w.-]+((@[\w./-]+)?|(@[\w.-]+)?\/[\w./ -]+\.gguf)$/i;

/** The source of a model, for the engine; undefined until the reader has named one. */
export function sourceOf(choice: ModelChoice): ModelSource | undefined {
  switch (choice.kind) {
    case "bundled":
      return new URL(`../models/${choice.name}/`, document.baseURI).href;
    case "hub":
    case "address":
      return problemOf(choice) === undefined ? choice.text.trim() : undefined;
    case "files":
      return problemOf(choice) === undefined ? choice.files : undefined;
  }
}

/** The files that this page accepts as a model. */
const taken: TakenFiles = { gguf: true, what: "a language model" };

/** The problem with the reader's input; empty before there is any. */
export function problemOf(choice: ModelChoice): string | undefined {
  if (choice.kind === "files") return problemOfChosen(choice, taken);
  if (choice.kind === "bundled") return undefined;
  const text = choice.text.trim();
  if (text === "") return "";
  if (/^https?:\/\//.test(text)) {
    if (URL.canParse(text)) return undefined;
    return "This is not an address.";
  }
  if (choice.kind === "address") return "An address begins with https:// (or http:// on this machine).";
  return repository.test(text.replace(/^hf:/, ""))
    ? undefined
    : "A repository is named owner/name, as HuggingFaceTB/SmolLM2-135M-Instruct; a revision may follow after @, and /file.gguf.";
}

/** The model's name for people. */
export const nameOf = (choice: ModelChoice): string =>
  choice.kind === "bundled" || choice.kind === "files" ? choice.name : choice.text.trim();

/** The host of the files; undefined for this site or this device. */
export function hostOf(choice: ModelChoice, endpoint: string): string | undefined {
  if (choice.kind === "bundled" || choice.kind === "files") return undefined;
  const text = choice.text.trim();
  const address = /^https?:\/\//.test(text) ? text : endpoint;
  return URL.canParse(address) ? new URL(address).host : undefined;
}

/**
 * The model's name in a link; undefined for files, except those of a model trained here, since links cannot contain
 * them.
 */
export const linkOf = (choice: ModelChoice): string | undefined =>
  choice.kind === "files" && !isTrained(choice.name) ? undefined : nameOf(choice);

/** The model that a link names. */
export function choiceOf(link: string): ModelChoice {
  if (Object.hasOwn(bundled, link)) return { kind: "bundled", name: link as BundledName };
  return /^https?:\/\//.test(link) ? { kind: "address", text: link } : { kind: "hub", text: link };
}
