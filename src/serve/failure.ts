import { RequestError } from "../engine/request-error.ts";

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

/** The answer for an error of any kind. One that is no request's says no more than its message. */
export function failureOf(error: unknown): Failure {
  const known =
    error instanceof RequestError
      ? error
      : refusal(500, "internal_error", error instanceof Error ? error.message : String(error));
  const again = retryAfter[known.status];
  return {
    status: known.status,
    headers: again === undefined ? {} : { "retry-after": again },
    body: { error: known.error },
  };
}
