import { RequestError } from "../engine/request-error.ts";
import { FormatError } from "../formats/format-error.ts";
import { GpuError } from "../gpu/errors.ts";
import { OptionError } from "../options/errors.ts";
import { TextError } from "../text/text-error.ts";

/** An HTTP response for a failure: its status and headers, and the error in the shape of OpenAI's interface. */
interface Failure {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error: RequestError["error"] };
}

const types: Readonly<Record<number, string>> = {
  403: "permission_error",
  404: "not_found_error",
  429: "rate_limit_error",
  500: "server_error",
  503: "server_error",
};

/** An error of the server itself, with the type for its status. */
export const refusal = (status: number, code: string, message: string): RequestError =>
  new RequestError(message, { status, code, type: types[status] ?? "invalid_request_error" });

/** Seconds after which a client may retry, if that can help. */
const retryAfter: Readonly<Record<number, string>> = { 429: "1", 503: "2" };

/** An error of any kind as one of a request. */
function asRequestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof GpuError) return refusal(503, "device_error", message);
  // From a loaded model: its folder lacks what the request needs, such as a head.
  if (error instanceof FormatError) return refusal(400, "unsupported_model", message);
  if (error instanceof OptionError || error instanceof TextError) return refusal(400, "invalid_value", message);
  return refusal(500, "internal_error", message);
}

/** An absolute path in quotes, which may contain spaces, without its last part. */
const quoted = /(?<=['"`])(?:file:\/\/)?(?:[A-Za-z]:)?(?:[\\/][^\\/'"`]+)+(?=[\\/][^\\/'"`]+['"`])/g;
/** An unquoted path, as in errors of files and modules. */
const path = /(?<![\w.~/\\-])(?:file:\/\/)?(?:[A-Za-z]:)?(?:[\\/][^\s\\/:'"`,;()]+)+(?=[\\/][^\s\\/:'"`,;()]+)/g;

/** A message without the server's paths: paths of models are replaced by their names, others by their last part. */
function withoutPaths(error: unknown, message: string, names: ReadonlyMap<string, string>): string {
  let shown = message;
  for (const [name, id] of names) shown = shown.replaceAll(name, id);
  // A value in the request may look like a path.
  const isOwn = error instanceof RequestError && error.cause === undefined;
  return isOwn ? shown : shown.replace(quoted, "…").replace(path, "…");
}

/** The response for an error of any kind; `names` replace the paths of models. */
export function failureOf(error: unknown, names: ReadonlyMap<string, string> = new Map()): Failure {
  const known = asRequestError(error);
  const again = retryAfter[known.status];
  const { message, ...rest } = known.error;
  return {
    status: known.status,
    headers: again === undefined ? {} : { "retry-after": again },
    body: { error: { message: withoutPaths(error, message, names), ...rest } },
  };
}
