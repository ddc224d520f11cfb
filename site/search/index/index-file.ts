// An index as a file: safetensors, with the vectors and, as the bytes of a second tensor, everything else in JSON.

import { openFiles } from "../../../src/formats/files.ts";
import { FormatError } from "../../../src/formats/format-error.ts";
import { readSafetensorsHeader, type StoredTensor } from "../../../src/formats/safetensors/safetensors.ts";
import { fileSize } from "../../shell/format.ts";
import { longestSentence } from "../text/sentences.ts";
import { dot, maxPassages, type SearchIndex, vectorOf, widest } from "./search-index.ts";

const format = "shaderformer search index";
const version = 1;

/** Maximum bytes of the JSON part. */
const maxText = 256e6;
/** Tolerance of a vector's length around 1. */
const roundOff = 1e-3;

/** Writes an index. */
export function indexFile({ model, texts, passages, width, vectors }: SearchIndex): Blob {
  const rows = passages.map(({ text, sentences }) => [text, ...sentences]);
  const contents = new TextEncoder().encode(JSON.stringify({ format, version, model, texts, passages: rows }));
  const header = JSON.stringify({
    vectors: { dtype: "F32", shape: [passages.length, width], data_offsets: [0, vectors.byteLength] },
    contents: {
      dtype: "U8",
      shape: [contents.length],
      data_offsets: [vectors.byteLength, vectors.byteLength + contents.length],
    },
  });
  const padded = new TextEncoder().encode(header.padEnd(Math.ceil(header.length / 8) * 8));
  const length = new BigUint64Array([BigInt(padded.length)]);
  return new Blob([length, padded, vectors, contents], { type: "application/octet-stream" });
}

/**
 * Reads an index. The file is not trusted: each part is checked. Throws `FormatError` naming the file, the part, its
 * value and what was expected.
 */
export async function readIndexFile(blob: Blob, name: string): Promise<SearchIndex> {
  const tensors = await readSafetensorsHeader(openFiles({ [name]: blob }, name), name);
  const tensor = (field: string, dtype: string, axes: number): StoredTensor => {
    const found = tensors.get(field);
    if (!found) throw new FormatError(name, `there is no tensor ${field}: it is no index of the search page`);
    if (found.dtype === dtype && found.shape.length === axes) return found;
    const is = `${found.dtype} [${found.shape.join(", ")}]`;
    throw new FormatError(name, `is ${is}, expected ${dtype} with ${axes === 1 ? "one axis" : "two axes"}`, { field });
  };
  const [stored, text] = [tensor("vectors", "F32", 2), tensor("contents", "U8", 1)];
  if (text.end - text.begin > maxText) {
    const problem = `has ${fileSize(text.end - text.begin)}, expected at most ${fileSize(maxText)}`;
    throw new FormatError(name, problem, { field: "contents" });
  }
  const [count = 0, width = 0] = stored.shape;
  const shape = `[${count}, ${width}]`;
  if (count < 1 || count > maxPassages || width < 1 || width > widest) {
    const problem = `is ${shape}, expected 1 to ${maxPassages} passages of 1 to ${widest} elements`;
    throw new FormatError(name, problem, { field: "vectors" });
  }
  const contents = readContents(name, await blob.slice(text.begin, text.end).arrayBuffer(), count);
  const vectors = new Float32Array(await blob.slice(stored.begin, stored.end).arrayBuffer());
  for (let i = 0; i < count; i++) {
    const length = Math.sqrt(dot(vectorOf({ vectors, width }, i), vectorOf({ vectors, width }, i)));
    if (Math.abs(length - 1) <= roundOff) continue;
    throw new FormatError(name, `has the length ${length}, expected 1`, { field: `vectors[${i}]` });
  }
  return { ...contents, width, vectors };
}

type Contents = Pick<SearchIndex, "model" | "texts" | "passages">;

function readContents(file: string, bytes: ArrayBuffer, count: number): Contents {
  const wrong = (field: string, is: unknown, expected: string): never => {
    const found = typeof is === "string" ? JSON.stringify(is.slice(0, 40)) : Array.isArray(is) ? "a list" : String(is);
    throw new FormatError(file, `is ${found}, expected ${expected}`, { field: `contents.${field}` });
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FormatError(file, "is no JSON in UTF-8", { field: "contents", cause });
  }
  const given = (parsed ?? {}) as Readonly<Record<string, unknown>>;
  if (given["format"] !== format) wrong("format", given["format"], JSON.stringify(format));
  if (given["version"] !== version) wrong("version", given["version"], `${version}, which this page writes`);
  const { model, texts, passages } = given;
  if (typeof model !== "string" || model === "" || model.length > 500) wrong("model", model, "the name of a model");
  if (!Array.isArray(texts) || texts.length === 0) wrong("texts", texts, "a list of names");
  const names = texts as readonly unknown[];
  for (const [i, name] of names.entries()) if (typeof name !== "string") wrong(`texts[${i}]`, name, "a name");
  if (!Array.isArray(passages) || passages.length !== count) {
    const found = Array.isArray(passages) ? `a list of ${passages.length}` : String(passages);
    throw new FormatError(file, `is ${found}, expected ${count} passages, as many as vectors`, {
      field: "contents.passages",
    });
  }
  const read = passages.map((row: unknown, i) => {
    const [text, ...sentences] = (Array.isArray(row) ? row : []) as readonly unknown[];
    if (!Number.isInteger(text) || (text as number) < 0 || (text as number) >= names.length) {
      wrong(`passages[${i}][0]`, text, `the number of a text, 0 to ${names.length - 1}`);
    }
    if (sentences.length === 0) wrong(`passages[${i}]`, row, "a text's number and one sentence at least");
    for (const [j, sentence] of sentences.entries()) {
      if (typeof sentence === "string" && sentence.trim() !== "" && sentence.length <= longestSentence) continue;
      wrong(`passages[${i}][${j + 1}]`, sentence, `a sentence of at most ${longestSentence} characters`);
    }
    return { text: text as number, sentences: sentences as readonly string[] };
  });
  return { model: model as string, texts: names as readonly string[], passages: read };
}
