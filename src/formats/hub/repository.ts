import { FormatError, shortened } from "../format-error.ts";

/** A model repository of a hub. */
export interface Repository {
  /** `owner/name`. */
  readonly id: string;
  /** A branch, a tag or a commit; unset: the main branch. */
  readonly revision?: string;
}

/** Valid names of owners and repositories. */
const part = /^(?!.*(?:\.\.|--))[A-Za-z0-9_](?:[\w.-]{0,94}[\w])?$/;
/** Valid names of branches, tags and commits. */
const revisionPattern = /^(?!.*\.\.)[\w][\w./-]{0,199}$/;
/** First parts of a hub's paths that are not owners. */
const reserved = new Set(["api", "datasets", "spaces", "models", "docs", "settings", "collections", "papers"]);

function named(id: string, revision: string | undefined): Repository | undefined {
  const [owner = "", name = "", ...rest] = id.split("/");
  if (rest.length > 0 || !part.test(owner) || !part.test(name) || reserved.has(owner)) return undefined;
  if (revision === undefined) return { id };
  return revisionPattern.test(revision) && !revision.endsWith("/") ? { id, revision } : undefined;
}

/** The repository that `owner/name` or `owner/name@revision` means, or undefined for anything else. */
export function repositoryNamed(text: string): Repository | undefined {
  const at = text.indexOf("@");
  return at < 0 ? named(text, undefined) : named(text.slice(0, at), text.slice(at + 1));
}

/**
 * The repository that `hf:owner/name` means, with or without `@revision`; undefined without `hf:`.
 *
 * @throws FormatError for an invalid name.
 */
export function repositoryOfScheme(text: string): Repository | undefined {
  if (!/^hf:/i.test(text)) return undefined;
  const found = repositoryNamed(text.slice(3).replace(/^\/\//, ""));
  if (found) return found;
  throw new FormatError(text, "is not the name of a repository, expected hf:owner/name or hf:owner/name@revision");
}

/** Origins of the public hub's pages. */
const publicOrigins = ["https://huggingface.co", "https://hf.co", "https://www.huggingface.co"];

/**
 * The repository whose page is at this address of a hub, such as `https://huggingface.co/owner/name/tree/main`;
 * undefined for other addresses.
 *
 * @throws FormatError for a hub's address that is not of a model repository.
 */
export function repositoryOfPage(address: URL, endpoint: URL): Repository | undefined {
  const base = endpoint.pathname.replace(/\/$/, "");
  const own = address.origin === endpoint.origin && address.pathname.startsWith(`${base}/`);
  if (!own && !publicOrigins.includes(address.origin)) return undefined;
  const path = own ? address.pathname.slice(base.length) : address.pathname;
  const [owner, name, kind, ...rest] = path.split("/").filter(Boolean).map(decoded);
  const isView = kind === "tree" || kind === "blob" || kind === "resolve";
  if (owner !== undefined && name !== undefined && (kind === undefined || isView)) {
    // In a path below a revision, only the first part is the revision, unless it is a pull request's.
    const revision = rest[0] === "refs" ? rest.slice(0, 3).join("/") : rest[0];
    const found = named(`${owner}/${name}`, revision);
    if (found) return found;
  }
  // A server at the endpoint's origin may have folders too.
  if (own && !publicOrigins.includes(address.origin)) return undefined;
  throw new FormatError(shortened(address.href), "is not the page of a model repository, expected …/owner/name");
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** `owner/name`, with `@revision` if there is one. */
export const nameOfRepository = ({ id, revision }: Repository): string =>
  revision === undefined ? id : `${id}@${revision}`;

/** A commit: a repository never changes at it. */
export const isCommit = (revision: string | undefined): boolean => /^[0-9a-f]{40}$/.test(revision ?? "");

/** Facts for telling a person what to do about a refused request. */
export interface Asked {
  readonly repository: Repository;
  readonly endpoint: URL;
  readonly hasToken: boolean;
  /** The file that was requested; unset: the repository itself. */
  readonly file?: string;
}
