// A cached file: a folder of its segments, and a record that describes them. The record is written when the download
// begins, as incomplete, and again when everything is stored and checked.

import type { RemoteFile } from "./remote.ts";
import type { StorePath } from "./stores/store.ts";
import { pathPart, type Store } from "./stores/store.ts";

/** Where the files of a model are cached. */
export interface Shelf {
  readonly store: Store;
  /** The model's folder. */
  readonly path: StorePath;
  /** Bytes of a segment; the last of a file may have fewer. */
  readonly segmentBytes: number;
}

/** The record of a file. */
export interface FileRecord {
  readonly file: string;
  readonly complete: boolean;
  readonly segmentBytes: number;
  readonly size?: number | undefined;
  readonly validator?: string | undefined;
  readonly sha256?: string | undefined;
  readonly gitSha1?: string | undefined;
  /** SHA-256 of each segment, once it is complete. */
  readonly digests: readonly string[];
  /** True if the server has no such file. */
  readonly absent?: boolean | undefined;
}

const version = 1;
const recordName = "file.json";
/** The largest record: of a file of about 500 GB. */
const maxRecordBytes = 16 << 20;

/** The folder of a file. */
export const folderOf = ({ path }: Shelf, file: string): StorePath => [...path, pathPart(file)];

/** The name of a segment. */
export const segmentName = (index: number): string => String(index).padStart(6, "0");

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): value is string | undefined => value === undefined || typeof value === "string";

/** A stored JSON object, or undefined for anything else, such as a truncated one. */
export async function readStoredJson(store: Store, path: StorePath): Promise<Record<string, unknown> | undefined> {
  const stored = await store.open(path);
  if (!stored || stored.size > maxRecordBytes) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(await stored.read(0, stored.size)));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Stores an object as JSON. */
export async function writeStoredJson(store: Store, path: StorePath, value: object): Promise<void> {
  await store.write(path, new TextEncoder().encode(JSON.stringify(value)));
}

/** The record of a file, or undefined if none can be used. */
export async function readRecord(shelf: Shelf, file: string): Promise<FileRecord | undefined> {
  const value = await readStoredJson(shelf.store, [...folderOf(shelf, file), recordName]);
  if (value?.["version"] !== version || value["file"] !== file) return undefined;
  const { complete, segmentBytes, size, validator, sha256, gitSha1, digests, absent } = value;
  if (absent === true) return { file, complete: true, absent, segmentBytes: shelf.segmentBytes, digests: [] };
  if (typeof complete !== "boolean" || !isSize(segmentBytes) || segmentBytes < 1) return undefined;
  if (!(size === undefined || isSize(size)) || !isText(validator) || !isText(sha256) || !isText(gitSha1))
    return undefined;
  if (!Array.isArray(digests) || !digests.every((digest): digest is string => typeof digest === "string")) {
    return undefined;
  }
  if (complete && (size === undefined || digests.length !== Math.ceil(size / segmentBytes))) return undefined;
  return { file, complete, segmentBytes, size, validator, sha256, gitSha1, digests };
}

/** Writes the record of a file. */
export const writeRecord = (shelf: Shelf, record: FileRecord): Promise<void> =>
  writeStoredJson(shelf.store, [...folderOf(shelf, record.file), recordName], { version, ...record });

/** Whether the cached version is the server's; false if nothing identifies the version. */
export function isOf(record: FileRecord, remote: RemoteFile): boolean {
  if (record.absent) return false;
  if (remote.size !== undefined && record.size !== undefined && remote.size !== record.size) return false;
  if (remote.sha256 !== undefined) return record.sha256 === remote.sha256;
  if (remote.gitSha1 !== undefined) return record.gitSha1 === remote.gitSha1;
  return remote.same === true || (remote.validator !== undefined && record.validator === remote.validator);
}

/** Bytes of the complete segments from the first on, without a gap. */
export async function storedBytes(shelf: Shelf, { file, segmentBytes, size, complete }: FileRecord): Promise<number> {
  if (complete) return size ?? 0;
  const names = new Set(await shelf.store.list(folderOf(shelf, file)));
  let count = 0;
  while (names.has(segmentName(count))) count++;
  return Math.min(count * segmentBytes, size ?? Number.POSITIVE_INFINITY);
}
