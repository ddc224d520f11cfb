import { listed } from "../../../src/formats/format-error.ts";
import { ggufOf } from "../../../src/formats/gguf-name.ts";
import { counted } from "../format.ts";

/** Other kinds of files, by their extensions. */
const kinds: readonly (readonly [ends: RegExp, what: string, instead?: string])[] = [
  [/\.(png|jpe?g|gif|webp|avif|bmp|tiff?|svg|heic|ico)$/i, "a picture"],
  [/\.(mp3|wav|flac|ogg|m4a|mp4|webm|mov|mkv|avi)$/i, "a recording"],
  [/\.(txt|md|pdf|docx?|odt|rtf|html?|csv|tsv|xlsx?|pptx?|epub)$/i, "a document"],
  [/\.(zip|tar|t?gz|bz2|xz|zst|7z|rar)$/i, "an archive", "unpack it, and choose the folder"],
  [/\.(bin|pth?|ckpt)$/i, "in PyTorch's format", "save the model as safetensors first"],
  [/\.onnx$/i, "in ONNX's format", "take the model's safetensors files"],
  [/\.(h5|keras|msgpack|tflite|pb)$/i, "in the format of another library", "take the model's safetensors files"],
];

/** The kinds of files that a page's models may have. */
export interface TakenFiles {
  /** True if the page accepts GGUF files. */
  readonly gguf: boolean;
  /** What the page's models are, such as "an encoder". */
  readonly what: string;
}

/** The same for a choice; empty before there is one. */
export const problemOfChosen = (
  { name, files }: { readonly name: string; readonly files: Readonly<Record<string, Blob>> },
  taken: TakenFiles,
): string | undefined => (name === "" && Object.keys(files).length === 0 ? "" : problemOfFiles(files, taken));

const named = (files: readonly string[]): string =>
  files.length === 1 ? (files[0] ?? "") : `${files[0]} and ${counted(files.length - 1, "other file")}`;

/**
 * Why the reader's files are not a model: what they are, and what is expected. Undefined if they may be one, judging by
 * their names. For no files, that the list is empty.
 */
export function problemOfFiles(files: Readonly<Record<string, Blob>>, { gguf, what }: TakenFiles): string | undefined {
  const names = Object.keys(files);
  const folder = `the folder of ${what}, or its files together: config.json, tokenizer.json and safetensors`;
  const expected = `Expected ${gguf ? `a GGUF file, or ${folder}` : folder}.`;
  if (names.length === 0) return `There are no files in what was dropped. ${expected}`;
  const has = (end: RegExp) => names.some((name) => end.test(name));
  const weights = has(/\.safetensors$/i);
  const config = has(/^(config|modules)\.json$/);
  const ofGguf = names.filter((name) => ggufOf(name) !== undefined);
  if (ofGguf.length > 0 && !config) {
    return gguf
      ? undefined
      : `${named(ofGguf)}: GGUF files are language models, which the page Generate runs. ${expected}`;
  }
  if (config && weights) return undefined;
  if (weights) return `${named(names)}: weights without config.json, which describes the model. ${expected}`;
  const foreign = kinds.map(([ends, is, instead]) => ({ found: names.filter((name) => ends.test(name)), is, instead }));
  if (config) {
    if (gguf && ofGguf.length > 0)
      return `${named(ofGguf)}: a GGUF file contains its config. Choose it without config.json.`;
    const other = foreign.find(({ found, is }) => found.length > 0 && is.startsWith("in "));
    const why = other ? `: ${listed(other.found)} is ${other.is}; ${other.instead}` : "";
    return `There are no weights beside config.json${why}. ${expected}`;
  }
  const all = foreign.find(({ found }) => found.length === names.length);
  if (!all) return `${named(names)}: no model's files. ${expected}`;
  const plural = names.length === 1 ? all.is : all.is.replace(/^an? (\w+)$/, "$1s");
  return `${named(names)}: ${plural}, not a model${all.instead === undefined ? "" : `; ${all.instead}`}. ${expected}`;
}
