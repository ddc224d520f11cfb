import { FormatError } from "../format-error.ts";
import { ggufOf } from "../gguf-name.ts";
import { addressIn } from "../http/address.ts";
import { wholeBytes } from "../http/answer.ts";
import { ConnectionError } from "../http/request.ts";
import { checkRelative, extrasOf, type FileSource, readHead, readWhole } from "../source.ts";
import { type Listing, listingBytes, readListing } from "./listing.ts";
import type { Remote } from "./remote.ts";
import {
  type Asked,
  isCommit,
  nameOfRepository,
  type Repository,
  repositoryNamed,
  repositoryOfPage,
  repositoryOfScheme,
} from "./repository.ts";
import { attempt, repeated, type TransferRules } from "./transfer.ts";

/** A model of a repository: its folder, or a GGUF file in it. */
export interface RepositoryModel {
  readonly repository: Repository;
  /** The GGUF file; unset: the repository's own files. */
  readonly file?: string;
}

/** A name without the GGUF file that follows `owner/name`, and that file. */
function withoutFile(text: string): { readonly name: string; readonly file?: string } {
  if (ggufOf(text) === undefined) return { name: text };
  const [owner = "", name = "", ...rest] = text.split("/");
  return rest.length === 0 ? { name: text } : { name: `${owner}/${name}`, file: rest.join("/") };
}

function of(repository: Repository | undefined, file: string | undefined): RepositoryModel | undefined {
  if (!repository) return undefined;
  if (file === undefined) return { repository };
  checkRelative(file);
  return { repository, file };
}

/** The model that `owner/name` or `owner/name/file.gguf` means, either with `@revision` after `name`. */
export function modelNamed(text: string): RepositoryModel | undefined {
  const { name, file } = withoutFile(text);
  return of(repositoryNamed(name), file);
}

/** The same with the prefix `hf:`; undefined without it. Throws `FormatError` for an invalid name. */
export function modelOfScheme(text: string): RepositoryModel | undefined {
  if (!/^hf:/i.test(text)) return undefined;
  const { name, file } = withoutFile(text.slice(3).replace(/^\/\//, ""));
  return of(repositoryOfScheme(`hf:${name}`), file);
}

/**
 * The model whose page is at this address of a hub: a repository, or a GGUF file in it, such as
 * `https://huggingface.co/owner/name/blob/main/file.gguf`. Throws `FormatError` for other pages of a hub.
 */
export function modelOfPage(address: URL, endpoint: URL): RepositoryModel | undefined {
  const repository = repositoryOfPage(address, endpoint);
  if (!repository || ggufOf(address.pathname) === undefined) return of(repository, undefined);
  const path = decodeURIComponent(address.pathname);
  const revision = `/${repository.revision}/`;
  return of(repository, path.slice(path.indexOf(revision) + revision.length));
}

/** A hub, and how requests to it are made. */
export interface Hub {
  readonly endpoint: URL;
  readonly rules: TransferRules;
}

/** As `hubProblem` of ./hub-problem.ts, which is loaded when needed. */
const hubProblem = async (asked: Asked, response: Response) =>
  (await import("./hub-problem.ts")).hubProblem(asked, response);

/** The error for a hub that does not answer. */
function unreachable({ repository, endpoint, file }: Asked, cause: unknown): FormatError {
  const why = cause instanceof Error ? cause.message.slice(cause.message.indexOf(": ") + 2) : String(cause);
  const problem =
    `${endpoint.origin} cannot be reached, and nothing of it is kept here: check the connection, or the address of the hub ` +
    `(endpoint, HF_ENDPOINT in Node): ${why}`;
  return new FormatError(file ?? nameOfRepository(repository), problem, { cause });
}

/** The name of a repository in the cache. */
export const idOfRepository = (repository: Repository, { endpoint }: Hub): string =>
  `hub ${endpoint.href.replace(/\/$/, "")} ${nameOfRepository(repository)}`;

/** Milliseconds to wait for a hub's answer if the cache can be used without it. */
const patience = 5000;

/**
 * The files of a repository, as the hub describes them now; if it does not answer, or the revision is a commit, as
 * described before.
 *
 * @throws FormatError with what to do if the hub refuses, or cannot be reached and nothing is cached.
 */
export async function listRepository(
  repository: Repository,
  { endpoint, rules }: Hub,
  kept: Listing | undefined,
  signal: AbortSignal | undefined,
): Promise<Listing> {
  if (kept && isCommit(repository.revision)) return kept;
  const name = nameOfRepository(repository);
  const asked = { repository, endpoint, hasToken: rules.access !== undefined };
  const revision = encodeURIComponent(repository.revision ?? "main");
  const base = endpoint.href.replace(/\/$/, "");
  const url = `${base}/api/models/${repository.id}/revision/${revision}?blobs=true`;
  const idleTimeout = kept ? Math.min(rules.idleTimeout, patience) : rules.idleTimeout;
  const ask = async () => {
    const { reply } = await attempt({ ...rules, idleTimeout }, name, url, {}, signal);
    try {
      if (!reply.response.ok) throw await hubProblem(asked, reply.response);
      return readListing(name, await wholeBytes(reply, name, listingBytes));
    } finally {
      reply.cancel();
    }
  };
  try {
    // With a cached listing, one attempt is enough.
    const listing = await (kept ? ask() : repeated(rules, signal, ask));
    return listing;
  } catch (error) {
    if (!(error instanceof ConnectionError) || signal?.aborted) throw error;
    if (kept) return kept;
    throw unreachable(asked, error);
  }
}

/** The files of a repository at the commit of its listing. */
export function hubRepository(repository: Repository, hub: Hub, listing: Listing): Remote {
  const { endpoint, rules } = hub;
  const base = endpoint.href.replace(/\/$/, "");
  const folder = folderOfRepository(repository, hub, listing);
  return {
    id: idOfRepository(repository, hub),
    name: nameOfRepository(repository),
    rules,
    hashes: true,
    urlOf: (file) => addressIn(folder, file),
    look: async (file) => {
      const found = listing.files.get(file);
      // At a commit, files never change.
      return found && { ...found, validator: listing.commit };
    },
    refused: (file, response) =>
      hubProblem({ repository, endpoint: new URL(base), hasToken: rules.access !== undefined, file }, response),
  };
}

/** The address of a repository's files at the commit of its listing. */
export const folderOfRepository = (repository: Repository, { endpoint }: Hub, { commit }: Listing): URL =>
  new URL(`${endpoint.href.replace(/\/$/, "")}/${repository.id}/resolve/${commit}`);

/**
 * A repository with some files in another cache: those with the size that the hub states are read there, the others
 * from `source`.
 */
export function withSnapshot(source: FileSource, snapshot: FileSource, listing: Listing): FileSource {
  const there = new Map<string, Promise<boolean>>();
  const isThere = (file: string): Promise<boolean> => {
    const known = there.get(file);
    if (known) return known;
    const size = listing.files.get(file)?.size;
    const found = snapshot.size(file).then(
      (bytes) => bytes === size,
      () => false,
    );
    there.set(file, found);
    return found;
  };
  const of = async (file: string) => ((await isThere(file)) ? snapshot : source);
  const { prepare, kept } = extrasOf(source);
  return {
    ...extrasOf(source),
    name: source.name,
    has: async (file, options) => (await of(file)).has(file, options),
    size: async (file, options) => (await of(file)).size(file, options),
    read: async (file, begin, end, options) => (await of(file)).read(file, begin, end, options),
    readWhole: async (file, limit, options) => readWhole(await of(file), file, limit, options),
    readHead: async (file, count, options) => readHead(await of(file), file, count, options),
    kept: async (file, options) =>
      (await isThere(file)) ? await snapshot.size(file) : ((await kept?.(file, options)) ?? 0),
    prepare: async (files, options) => {
      const own = await Promise.all(files.map(async (file) => ((await isThere(file)) ? [] : [file])));
      if (own.flat().length > 0) await prepare?.(own.flat(), options);
    },
  };
}
