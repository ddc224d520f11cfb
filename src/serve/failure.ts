import { RequestError } from "../engine/request-error.ts";
import { FormatError } from "../formats/format-error.ts";
import { GpuError } from "../gpu/errors.ts";
import { OptionError } from "../options/errors.ts";
import { TextError } from "../text/text-error.ts";

/** What an HTTP answer says of a failure: its status and headers, and the error in the shape of OpenAI's interface. */
export interface Failure {
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

/** An error of the server's own, with the type that goes with its status. */
export const refusal = (status: number, code: string, message: string): RequestError =>
  new RequestError(message, { status, code, type: types[status] ?? "invalid_request_error" });

/** Seconds after which a client may try again, where that can help. */
const retryAfter: Readonly<Record<number, string>> = { 429: "1", 503: "2" };

/** An error of any kind as one of a request. */
function asRequestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof GpuError) return refusal(503, "device_error", message);
  // Of a loaded model: its folder lacks what the request needs, such as a head.
  if (error instanceof FormatError) return refusal(400, "unsupported_model", message);
  if (error instanceof OptionError || error instanceof TextError) return refusal(400, "invalid_value", message);
  return refusal(500, "internal_error", message);
}

/** The answer for an error of any kind. */
export function failureOf(error: unknown): Failure {
  const known = asRequestError(error);
  const again = retryAfter[known.status];
  return {
    status: known.status,
    headers: again === undefined ? {} : { "retry-after": again },
    body: { error: known.error },
  };
}
