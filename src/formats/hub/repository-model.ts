import { ggufOf } from "../gguf-name.ts";
import { checkRelative } from "../source.ts";
import { type Repository, repositoryNamed, repositoryOfPage, repositoryOfScheme } from "./repository.ts";

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

/** The same with `hf:` in front; undefined where that is not there. Throws `FormatError` for a name that no model has. */
export function modelOfScheme(text: string): RepositoryModel | undefined {
  if (!/^hf:/i.test(text)) return undefined;
  const { name, file } = withoutFile(text.slice(3).replace(/^\/\//, ""));
  return of(repositoryOfScheme(`hf:${name}`), file);
}

/**
 * The model whose page an address on a hub is: that of a repository, or of a GGUF file in it, such as
 * `https://huggingface.co/owner/name/blob/main/file.gguf`. Throws `FormatError` for other pages of a hub.
 */
export function modelOfPage(address: URL, endpoint: URL): RepositoryModel | undefined {
  const repository = repositoryOfPage(address, endpoint);
  if (!repository || ggufOf(address.pathname) === undefined) return of(repository, undefined);
  const path = decodeURIComponent(address.pathname);
  const revision = `/${repository.revision}/`;
  return of(repository, path.slice(path.indexOf(revision) + revision.length));
}
