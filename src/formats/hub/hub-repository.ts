import { addressIn } from "../address.ts";
import { FormatError } from "../format-error.ts";
import { wholeBytes } from "../http-answer.ts";
import { ConnectionError } from "../http-request.ts";
import { type Listing, listingBytes, readListing } from "./listing.ts";
import type { Remote } from "./remote.ts";
import { type Asked, isCommit, nameOfRepository, type Repository } from "./repository.ts";
import { attempt, repeated, type TransferRules } from "./transfer.ts";

/** A hub, and how it is asked. */
export interface Hub {
  readonly endpoint: URL;
  readonly rules: TransferRules;
}

/** As `hubProblem` of ./hub-problem.ts, whose words are loaded when they are needed. */
const hubProblem = async (asked: Asked, response: Response) =>
  (await import("./hub-problem.ts")).hubProblem(asked, response);

/** The error for a hub that gives no answer. */
function unreachable({ repository, endpoint, file }: Asked, cause: unknown): FormatError {
  const why = cause instanceof Error ? cause.message.slice(cause.message.indexOf(": ") + 2) : String(cause);
  const problem =
    `${endpoint.origin} cannot be reached, and nothing of it is kept here: check the connection, or the address of the hub ` +
    `(endpoint, HF_ENDPOINT in Node): ${why}`;
  return new FormatError(file ?? nameOfRepository(repository), problem, { cause });
}

/** The name of a repository among all that is kept. */
export const idOfRepository = (repository: Repository, { endpoint }: Hub): string =>
  `hub ${endpoint.href.replace(/\/$/, "")} ${nameOfRepository(repository)}`;

/** Milliseconds that a hub has for an answer where what is kept can be used without it. */
const patience = 5000;

/**
 * The files of a repository, as the hub describes them now; where it gives no answer, or the revision is a commit, as it
 * described them before.
 *
 * @throws FormatError with what to do where the hub refuses, or is out of reach and nothing is kept.
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
    // With something to go on with, one attempt is enough.
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
      // At one commit a file stays as it is.
      return found && { ...found, validator: listing.commit };
    },
    refused: (file, response) =>
      hubProblem({ repository, endpoint: new URL(base), hasToken: rules.access !== undefined, file }, response),
  };
}

/** The address of a repository's files at the commit of its listing. */
export const folderOfRepository = (repository: Repository, { endpoint }: Hub, { commit }: Listing): URL =>
  new URL(`${endpoint.href.replace(/\/$/, "")}/${repository.id}/resolve/${commit}`);
