import { FormatError } from "../format-error.ts";
import { problemOf } from "../http/answer.ts";
import { type Asked, nameOfRepository, type Repository } from "./repository.ts";

const tokenHint = "the option token, or HF_TOKEN in Node";

/** The address of a repository's page. */
const pageOf = ({ id }: Repository, endpoint: URL): string => `${endpoint.href.replace(/\/$/, "")}/${id}`;

/** The error for a hub's response that is neither success nor a redirect, with what to do about it. */
export function hubProblem({ repository, endpoint, hasToken, file }: Asked, response: Response): FormatError {
  const name = nameOfRepository(repository);
  const page = pageOf(repository, endpoint);
  const code = response.headers.get("x-error-code") ?? "";
  const fail = (problem: string) => new FormatError(file ?? name, problem);
  const { status } = response;
  if (status === 401 && hasToken) {
    return fail(
      `the hub refuses the token (HTTP 401): make another at ${endpoint.origin}/settings/tokens and give it as ${tokenHint}`,
    );
  }
  if (status === 401) {
    const what =
      code === "GatedRepo"
        ? "its owner gives access on request"
        : "there is no public repository of this name; check the name, or if it is private or gated";
    return fail(`${what} (HTTP 401): accept the terms at ${page}, and give a token of that account as ${tokenHint}`);
  }
  if (status === 403) {
    return fail(
      `the account of the token has no access (HTTP 403): ask for it at ${page}; ` +
        "a fine-grained token also has to allow gated repositories",
    );
  }
  if (status === 404 || status === 410) {
    const { revision } = repository;
    if (code === "RevisionNotFound" || (code !== "RepoNotFound" && revision !== undefined && file === undefined)) {
      return fail(
        `there is no revision ${revision ?? "main"} (HTTP ${status}): its branches and tags are at ${page}/tree/main`,
      );
    }
    if (file !== undefined) return fail(`there is no such file (HTTP ${status}) in ${name}`);
    return fail(`there is no such repository (HTTP ${status}): check the name at ${page}`);
  }
  return fail(problemOf(response));
}
