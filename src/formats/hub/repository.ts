import { FormatError, shortened } from "../format-error.ts";

/** A model repository of a hub. */
export interface Repository {
  /** `owner/name`. */
  readonly id: string;
  /** A branch, a tag or a commit; unset: the main branch. */
  readonly revision?: string;
}

/** What an owner or a repository may be called. */
const part = /^(?!.*(?:\.\.|--))[A-Za-z0-9_](?:[\w.-]{0,94}[\w])?$/;
/** What a branch, a tag or a commit may be called. */
const revisionPattern = /^(?!.*\.\.)[\w][\w./-]{0,199}$/;
/** First parts of paths on a hub that no owner is called. */
const reserved = new Set(["api", "datasets", "spaces", "models", "docs", "settings", "collections", "papers"]);

function named(id: string, revision: string | undefined): Repository | undefined {
  const [owner = "", name = "", ...rest] = id.split("/");
  if (rest.length > 0 || !part.test(owner) || !part.test(name) || reserved.has(owner)) return undefined;
  if (revision === undefined) return { id };
  return revisionPattern.test(revision) && !revision.endsWith("/") ? { id, revision } : undefined;
}

/** The repository that `owner/name` or `owner/name@revision` means, or undefined for what does not look like one. */
export function repositoryNamed(text: string): Repository | undefined {
  const at = text.indexOf("@");
  return at < 0 ? named(text, undefined) : named(text.slice(0, at), text.slice(at + 1));
}

/**
 * The repository that `hf:owner/name` means, with or without `@revision`; undefined where `hf:` is not in front.
 *
 * @throws FormatError for a name that no repository has.
 */
export function repositoryOfScheme(text: string): Repository | undefined {
  if (!/^hf:/i.test(text)) return undefined;
  const found = repositoryNamed(text.slice(3).replace(/^\/\//, ""));
  if (found) return found;
  throw new FormatError(text, "is not the name of a repository, expected hf:owner/name or hf:owner/name@revision");
}

/** Origins at which pages of the public hub are. */
const publicOrigins = ["https://huggingface.co", "https://hf.co", "https://www.huggingface.co"];

/**
 * The repository whose page an address on a hub is, such as `https://huggingface.co/owner/name/tree/main`; undefined for
 * an address elsewhere.
 *
 * @throws FormatError for an address on a hub that is of no model repository.
 */
export function repositoryOfPage(address: URL, endpoint: URL): Repository | undefined {
  const base = endpoint.pathname.replace(/\/$/, "");
  const own = address.origin === endpoint.origin && address.pathname.startsWith(`${base}/`);
  if (!own && !publicOrigins.includes(address.origin)) return undefined;
  const path = own ? address.pathname.slice(base.length) : address.pathname;
  const [owner, name, kind, ...rest] = path.split("/").filter(Boolean).map(decoded);
  const isView = kind === "tree" || kind === "blob" || kind === "resolve";
  if (owner !== undefined && name !== undefined && (kind === undefined || isView)) {
    // Of a path below a revision the first part alone is the revision, unless it is that of a pull request.
    const revision = rest[0] === "refs" ? rest.slice(0, 3).join("/") : rest[0];
    const found = named(`${owner}/${name}`, revision);
    if (found) return found;
  }
  // A server at the endpoint's origin may have folders, too.
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

/** `owner/name`, with `@revision` where one is given. */
export const nameOfRepository = ({ id, revision }: Repository): string =>
  revision === undefined ? id : `${id}@${revision}`;

/** A commit, at which a repository never changes. */
export const isCommit = (revision: string | undefined): boolean => /^[0-9a-f]{40}$/.test(revision ?? "");

/** What a person can do about a request that a hub refuses. */
export interface Asked {
  readonly repository: Repository;
  readonly endpoint: URL;
  readonly hasToken: boolean;
  /** The file that was requested; unset: the repository itself. */
  readonly file?: string;
}
