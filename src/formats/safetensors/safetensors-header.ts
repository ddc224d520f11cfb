import { bytesPerElement, type PlainType } from "../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { parseStrictJson } from "../json/strict-json.ts";
import { missingFile } from "../read-text.ts";
import { type FileSource, headBytes, readHead } from "../source.ts";
import { readHeaderText } from "./safetensors.ts";

/** A tensor to write to a safetensors file. */
interface WrittenTensor {
  readonly name: string;
  readonly shape: Shape;
  /** Default: that of the file. */
  readonly dtype?: PlainType;
}

/**
 * The header of a safetensors file of tensors one after the other, with the strings of its `__metadata__`; padded to a
 * multiple of 8 bytes.
 */
export function safetensorsHeader(
  tensors: readonly WrittenTensor[],
  dtype: PlainType,
  metadata: Readonly<Record<string, string>> = { format: "pt" },
): Uint8Array<ArrayBuffer> {
  const entries: Record<string, unknown> = { __metadata__: metadata };
  let at = 0;
  for (const { name, shape, dtype: own = dtype } of tensors) {
    const end = at + bytesPerElement[own] * sizeOf(shape);
    entries[name] = { dtype: own.toUpperCase(), shape, data_offsets: [at, end] };
    at = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(entries));
  const length = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return header;
}

/**
 * The strings of a safetensors file's `__metadata__`, by name; empty if it has none.
 *
 * @throws FormatError for a missing file or a header that is not JSON.
 */
export async function readSafetensorsMetadata(source: FileSource, file: string): Promise<ReadonlyMap<string, string>> {
  const head = await readHead(source, file, headBytes);
  if (!head) throw await missingFile(source, file);
  const header = parseStrictJson(file, (await readHeaderText(source, file, head)).text, "header");
  const metadata = header instanceof Map ? header.get("__metadata__") : undefined;
  const strings = metadata instanceof Map ? [...metadata] : [];
  return new Map(strings.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}
