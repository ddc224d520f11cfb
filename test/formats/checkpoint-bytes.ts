import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { FormatError } from "../../src/formats/format-error.ts";

export { memorySource } from "./memory-source.ts";

/** One tensor to be written: its bytes follow those of the tensor before it unless `offsets` says otherwise. */
export interface TensorToWrite {
  readonly dtype: string;
  readonly shape: readonly unknown[];
  readonly bytes: Uint8Array;
  readonly offsets?: readonly unknown[];
}

export type Files = Readonly<Record<string, Uint8Array | string>>;

/** The bytes of a safetensors file with this header text, whatever it is, and these data bytes. */
export function withHeader(
  header: string | Uint8Array,
  data: Uint8Array = new Uint8Array(0),
  length?: bigint,
): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

/** A safetensors file of these tensors; `pad` spaces follow the header, so that the data can be unaligned. */
export function safetensors(tensors: Readonly<Record<string, TensorToWrite>>, pad = 0): Uint8Array {
  const entries: string[] = [];
  const parts: number[] = [];
  for (const [name, { dtype, shape, bytes, offsets }] of Object.entries(tensors)) {
    const entry = { dtype, shape, data_offsets: offsets ?? [parts.length, parts.length + bytes.length] };
    entries.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    for (const byte of bytes) parts.push(byte);
  }
  return withHeader(`{${entries.join(",")}}${" ".repeat(pad)}`, Uint8Array.from(parts));
}

/** `count` bytes that tell where they are. */
export function numbered(count: number, first = 1): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: count }, (_, i) => (first + i) & 0xff);
}

/** Writes `files` to a new temporary folder, which goes when the test ends. */
export async function temporaryFolder(files: Files): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "shaderformer-formats-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

/** The FormatError that `promise` fails with; anything else fails the test. */
export async function formatErrorOf(promise: Promise<unknown>): Promise<FormatError> {
  const outcome = await promise.then(
    () => new Error("nothing was thrown"),
    (error: unknown) => error,
  );
  if (outcome instanceof FormatError) return outcome;
  throw outcome;
}
