import { missingFile } from "./read-text.ts";
import { readHeaderText } from "./safetensors.ts";
import { type FileSource, headBytes, readHead } from "./source.ts";
import { parseStrictJson } from "./strict-json.ts";

/**
 * The strings of a safetensors file's `__metadata__`, by name; empty where it has none.
 *
 * @throws FormatError for a file that is missing or whose header is no JSON.
 */
export async function readSafetensorsMetadata(source: FileSource, file: string): Promise<ReadonlyMap<string, string>> {
  const head = await readHead(source, file, headBytes);
  if (!head) throw await missingFile(source, file);
  const header = parseStrictJson(file, (await readHeaderText(source, file, head)).text, "header");
  const metadata = header instanceof Map ? header.get("__metadata__") : undefined;
  const strings = metadata instanceof Map ? [...metadata] : [];
  return new Map(strings.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}
