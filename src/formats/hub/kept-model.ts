// A cached model: a folder with its record and a folder for each file.

import { type FileRecord, readRecord, readStoredJson, type Shelf, storedBytes, writeStoredJson } from "./kept-file.ts";
import type { Listing } from "./listing.ts";
import { readListing } from "./listing.ts";

/** The record of a model. */
interface ModelRecord {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly lastUsed: number;
  /** The files that a load reads in parts: the model is complete when they are. */
  readonly wanted: readonly string[];
  /** The files of a repository, as a hub described them. */
  readonly listing?: Listing | undefined;
}

const version = 1;
const recordName = "model.json";
const maxWanted = 2000;

/** The record of a model, or undefined if none can be used. */
export async function readModelRecord({ store, path }: Shelf): Promise<ModelRecord | undefined> {
  const value = await readStoredJson(store, [...path, recordName]);
  if (value?.["version"] !== version) return undefined;
  const { id, name, lastUsed, wanted, listing } = value;
  if (typeof id !== "string" || typeof name !== "string" || typeof lastUsed !== "number") return undefined;
  if (!Array.isArray(wanted) || wanted.length > maxWanted) return undefined;
  if (!wanted.every((file): file is string => typeof file === "string")) return undefined;
  const read = listing === undefined ? undefined : storedListing(name, listing);
  return { id, name, lastUsed, wanted, ...(read ? { listing: read } : {}) };
}

/** A stored listing, checked like the hub's own; undefined if it is damaged. */
function storedListing(name: string, value: unknown): Listing | undefined {
  try {
    return readListing(name, new TextEncoder().encode(JSON.stringify(value)));
  } catch {
    return undefined;
  }
}

/** Writes the record of a model; a listing is stored in the hub's own form. */
export async function writeModelRecord({ store, path }: Shelf, record: ModelRecord): Promise<void> {
  const { listing, ...rest } = record;
  const written = listing && {
    sha: listing.commit,
    cardData: listing.license === undefined ? {} : { license: listing.license },
    siblings: [...listing.files].map(([rfilename, { size, sha256, gitSha1 }]) => ({
      rfilename,
      size,
      blobId: gitSha1,
      ...(sha256 === undefined ? {} : { lfs: { sha256, size } }),
    })),
  };
  await writeStoredJson(store, [...path, recordName], { version, ...rest, listing: written });
}

/** The cached part of each file of a model, for the names in its record and its listing. */
export async function keptBytes(shelf: Shelf, record: ModelRecord): Promise<{ bytes: number; complete: boolean }> {
  const files = new Set([...record.wanted, ...(record.listing?.files.keys() ?? [])]);
  let bytes = 0;
  let complete = record.wanted.length > 0;
  const folders = new Set(await shelf.store.list(shelf.path));
  for (const name of folders) {
    const found = await recordOf(shelf, name);
    if (!found) continue;
    bytes += await storedBytes(shelf, found);
    files.delete(found.file);
    if (!found.complete && record.wanted.includes(found.file)) complete = false;
  }
  if (record.wanted.some((file) => files.has(file))) complete = false;
  return { bytes, complete };
}

/** The record in a folder of a file. */
async function recordOf({ store, path, ...shelf }: Shelf, folder: string): Promise<FileRecord | undefined> {
  const value = await readStoredJson(store, [...path, folder, "file.json"]);
  return typeof value?.["file"] === "string" ? await readRecord({ store, path, ...shelf }, value["file"]) : undefined;
}
