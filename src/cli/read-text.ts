import { createReadStream } from "node:fs";

/** Maximum bytes of a text: more than any model is measured on; a device or a pipe may be endless. */
const maxBytes = 64 * 2 ** 20;

/** The text of a UTF-8 file or pipe. Throws an error that names it if it cannot be read, is too long or not text. */
export async function readTextFile(path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxBytes) break;
    }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const reason = code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "is a folder" : String(cause);
    throw new Error(`${path || "the empty name"}: ${reason}`, { cause });
  }
  if (length > maxBytes) throw new Error(`${path}: has more than ${maxBytes} bytes, the most that is read`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new Error(`${path}: is not UTF-8 text`, { cause });
  }
}
