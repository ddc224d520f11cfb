import {
  between,
  type Check,
  callback,
  checkOptions,
  checkValue,
  either,
  fieldsOf,
  having,
  text,
} from "../../options/checks.ts";
import { openFiles } from "../files.ts";
import { fileSystemPath, isFile, isFolder, nodeModule, openFolder } from "../folder.ts";
import { FormatError } from "../format-error.ts";
import { ggufAmong, ggufOf, inGguf } from "../gguf-name.ts";
import { addressIn, addressOf } from "../http/address.ts";
import { absenceOf, contentRange, problemOf } from "../http/answer.ts";
import { duration, openUrl } from "../http/url.ts";
import { type FileSource, withSignal } from "../source.ts";
import { directSource } from "./direct-source.ts";
import type { HubOptions } from "./hub-options.ts";
import type { Shelf } from "./kept-file.ts";
import { readModelRecord, writeModelRecord } from "./kept-model.ts";
import { keptSource } from "./kept-source.ts";
import { type Listing, withoutFile, withoutWeights } from "./listing.ts";
import type { ModelCache } from "./model-cache.ts";
import { openModelCache, shelfOf } from "./open-model-cache.ts";
import { lockOf } from "./prepare.ts";
import { described, type Remote } from "./remote.ts";
import { isCommit, nameOfRepository, type Repository } from "./repository.ts";
import {
  folderOfRepository,
  type Hub,
  hubRepository,
  idOfRepository,
  listRepository,
  modelNamed,
  modelOfPage,
  modelOfScheme,
  type RepositoryModel,
  withSnapshot,
} from "./repository-model.ts";
import { attempt, repeated, type TransferRules } from "./transfer.ts";

// The cache of Hugging Face's own tools (huggingface_hub, "Manage huggingface_hub cache-system"). Read, never written.

/** The folder of that cache: `HF_HUB_CACHE`, else `hub` in `HF_HOME`, else in `~/.cache/huggingface`. */
function cacheFolder(): string | undefined {
  const os = nodeModule("node:os") as typeof import("node:os") | undefined;
  if (!os) return undefined;
  const { env } = process;
  const cache = env["XDG_CACHE_HOME"] || `${os.homedir()}/.cache`;
  return env["HF_HUB_CACHE"] || `${env["HF_HOME"] || `${cache}/huggingface`}/hub`;
}

/** A repository at a commit in that cache. */
interface Snapshot {
  readonly commit: string;
  readonly folder: FileSource;
}

/**
 * The snapshot of a repository in that cache: at `commit`, or at its revision's commit of the last download; undefined
 * if there is none.
 */
async function hubSnapshot({ id, revision = "main" }: Repository, commit?: string): Promise<Snapshot | undefined> {
  const cache = cacheFolder();
  const fs = nodeModule("node:fs/promises") as typeof import("node:fs/promises") | undefined;
  if (cache === undefined || !fs) return undefined;
  const repository = `${cache}/models--${id.replaceAll("/", "--")}`;
  const known = isCommit(revision)
    ? revision
    : await fs.readFile(`${repository}/refs/${revision}`, "utf8").catch(() => "");
  const at = commit ?? known.trim();
  if (!isCommit(at)) return undefined;
  const folder = await openFolder(`${repository}/snapshots/${at}`).catch(() => undefined);
  return folder && { commit: at, folder };
}

const address: Check = (value) => {
  const url = typeof value === "string" && /^https?:/i.test(value) ? tryUrl(value) : undefined;
  return url ? undefined : "an http or https address";
};

const cacheCheck: Check = either(
  (value) => (value === false ? undefined : "false"),
  having("deleteAll", "a cache that openModelCache has opened"),
);

/** Checks of {@link HubOptions}. */
const hubFields = fieldsOf<HubOptions>({
  endpoint: address,
  token: text,
  cache: cacheCheck,
  fetch: callback,
  idleTimeout: duration,
  retryDelay: between(0, 60_000),
  onWarning: callback,
  onProgress: callback,
  signal: having("aborted", "an AbortSignal"),
});

const sourceCheck: Check = (value) =>
  typeof value === "string" || (typeof value === "object" && value !== null)
    ? undefined
    : "a path, an address, the name of a repository, files by their names, or a FileSource";

function tryUrl(value: string): URL | undefined {
  try {
    return new URL(value);
  } catch {
    return undefined;
  }
}

/** A variable of the environment, in Node. */
function environment(name: string): string | undefined {
  return (nodeModule("node:process") as typeof process | undefined)?.env[name] || undefined;
}

const defaultEndpoint = "https://huggingface.co";
const [defaultIdleTimeout, defaultRetryDelay] = [30_000, 500];

/** The hub that options name. */
function hubOf(options: HubOptions): Hub {
  const stated = options.endpoint ?? environment("HF_ENDPOINT") ?? defaultEndpoint;
  const endpoint = tryUrl(stated);
  if (!endpoint || !/^https?:$/.test(endpoint.protocol)) {
    throw new FormatError("HF_ENDPOINT", `is ${stated}, expected an http or https address`);
  }
  const token = options.token ?? environment("HF_TOKEN");
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new FormatError("token", "has characters that no access token has, such as a space or a line break");
  }
  const rules = {
    fetch: options.fetch ?? ((url: string, init: RequestInit) => fetch(url, init)),
    idleTimeout: options.idleTimeout ?? defaultIdleTimeout,
    retryDelay: options.retryDelay ?? defaultRetryDelay,
    access: token === undefined ? undefined : { origin: endpoint.origin, token },
  };
  return { endpoint, rules };
}

/** Implements `openModel` of ../hub.ts. */
export async function openModel(
  from: string | URL | FileSource | Readonly<Record<string, Blob>>,
  options: HubOptions = {},
): Promise<FileSource> {
  checkOptions("openModel", hubFields, options);
  checkValue("openModel", "from", sourceCheck, from);
  options.signal?.throwIfAborted();
  const source = await opened(from, options);
  return options.signal && source !== from ? withSignal(source, options.signal) : source;
}

async function opened(from: string | URL | FileSource | Readonly<Record<string, Blob>>, options: HubOptions) {
  if (typeof from === "object" && !(from instanceof URL)) {
    if (isSource(from)) return from;
    const gguf = ggufAmong(Object.keys(from));
    return inGguf(openFiles(from), gguf, gguf);
  }
  const name = String(from);
  if (name === "") throw new FormatError("", "is empty, expected a path, an address or the name of a repository");
  const scheme = modelOfScheme(name);
  if (scheme) return await openRepository(scheme, options);
  if (/^https?:/i.test(name)) {
    const url = addressOf(name);
    const model = modelOfPage(url, hubOf(options).endpoint);
    return model ? await openRepository(model, options) : await openAddress(name, url, options);
  }
  if (/^(blob|data):/i.test(name)) return openUrl(name); // says what to do
  const path = fileSystemPath(name);
  const model = typeof from === "string" ? modelNamed(name) : undefined;
  const isThere = path !== undefined && (await (ggufOf(path) ? isFile(path) : isFolder(path)));
  if (path !== undefined && (isThere || !model)) return await openPath(path);
  if (model) return await openRepository(model, options);
  return await openAddress(name, addressOf(name), options);
}

/** A folder, or a GGUF file in one. */
async function openPath(path: string): Promise<FileSource> {
  const file = ggufOf(path);
  if (file === undefined || (await isFolder(path))) return await openFolder(path);
  const folder = path.slice(0, path.length - file.length);
  return inGguf(await openFolder(folder || "."), file, path);
}

const isSource = (from: FileSource | Readonly<Record<string, Blob>>): from is FileSource =>
  typeof from["read"] === "function";

/** The cache in the options, or the default one; undefined for none. */
async function cacheOf({ cache }: HubOptions): Promise<ModelCache | undefined> {
  if (cache === false) return undefined;
  return cache ?? (await openModelCache());
}

async function openAddress(name: string, address: URL, options: HubOptions): Promise<FileSource> {
  const file = ggufOf(address.pathname);
  const folder = file === undefined ? address : new URL(`.${address.search}`, address);
  const gguf = file === undefined ? undefined : decodeURIComponent(file);
  const { access: _, ...rules } = hubOf(options).rules;
  if (!options.cache) {
    // Each request has its own time limit: waits between attempts are longer.
    const { patientFetch } = await import("./patient-fetch.ts"); // cached folders do not need it
    const fetch = patientFetch(folder, rules, { attempt, repeated, contentRange });
    return inGguf(openUrl(file === undefined ? name : folder, { fetch, idleTimeout: Infinity }), gguf, name);
  }
  const remote = webFolder(folder, rules);
  const shelf = shelfOf(options.cache, remote.id);
  return inGguf(await kept(remote, shelf, folder, options, undefined), gguf, name);
}

async function openRepository({ repository, file }: RepositoryModel, options: HubOptions): Promise<FileSource> {
  const hub = hubOf(options);
  const name = file === undefined ? nameOfRepository(repository) : `${nameOfRepository(repository)}/${file}`;
  const cache = await cacheOf(options);
  const shelf = cache && shelfOf(cache, idOfRepository(repository, hub));
  const before = shelf && (await readModelRecord(shelf).catch(() => undefined))?.listing;
  let listing: Listing;
  try {
    listing = await listRepository(repository, hub, before, options.signal);
    const problem = file === undefined ? withoutWeights(listing) : withoutFile(listing, file);
    if (problem !== undefined) throw new FormatError(nameOfRepository(repository), problem);
  } catch (error) {
    const snapshot = isUnreachable(error) ? await hubSnapshot(repository) : undefined;
    if (!snapshot) throw error;
    options.onWarning?.(
      `${nameOfRepository(repository)}: read from Hugging Face's cache, since the hub is out of reach`,
    );
    return inGguf({ ...snapshot.folder, name }, file, name);
  }
  const remote = hubRepository(repository, hub, listing);
  const folder = folderOfRepository(repository, hub, listing);
  const source = shelf ? await kept(remote, shelf, folder, options, listing) : directSource(remote, folder, listing);
  const snapshot = await hubSnapshot(repository, listing.commit);
  return inGguf(snapshot ? withSnapshot(source, snapshot.folder, listing) : source, file, name);
}

const isUnreachable = (error: unknown): boolean =>
  error instanceof FormatError && error.cause instanceof FormatError && / cannot be reached, /.test(error.message);

/** The source of cached files. From now on the cache lists the model. */
async function kept(
  remote: Remote,
  shelf: Shelf,
  folder: URL,
  { onWarning = () => {}, onProgress }: HubOptions,
  listing: Listing | undefined,
): Promise<FileSource> {
  const { id, name } = remote;
  const note = async (files?: readonly string[]) => {
    await shelf.store.locked(lockOf(remote, "model.json"), undefined, async () => {
      const wanted = files ?? (await readModelRecord(shelf))?.wanted ?? [];
      await writeModelRecord(shelf, { id, name, lastUsed: Date.now(), wanted, listing });
    });
  };
  await note().catch(() => undefined); // a later warning reports a store that cannot be written
  const direct = directSource(remote, folder, listing);
  return keptSource({ remote, direct, shelf, license: listing?.license, onWarning, onProgress, noted: note });
}

/** A folder on a web server: versions of its files are identified by ETag, date, or samples of their bytes. */
function webFolder(folder: URL, rules: TransferRules): Remote {
  const remote: Remote = {
    id: `url ${folder.href}`,
    name: folder.href,
    rules,
    hashes: false,
    urlOf: (file) => addressIn(folder, file),
    look: async (file, signal, once = false) => {
      const look = async () => {
        // Works without HEAD; from a server without ranges, only the headers are read.
        const init = { headers: { range: "bytes=0-0" } };
        const transferred = await attempt(rules, file, remote.urlOf(file), init, signal);
        const { response, cancel } = transferred.reply;
        cancel();
        if (absenceOf(response, file) !== undefined) return undefined;
        if (!response.ok && response.status !== 416) throw await remote.refused(file, response);
        return described(transferred, false);
      };
      return await (once ? look() : repeated(rules, signal, look));
    },
    refused: (file, response) => new FormatError(file, problemOf(response)),
  };
  return remote;
}
