import { shown } from "../options/errors.ts";

/** Fields of a request's error other than its message, as in OpenAI's interface. */
export interface RequestErrorOptions {
  /** The HTTP status: 400, 404, 409, 429, 499 (the client left), 500, 503. */
  readonly status?: number;
  /** The invalid field. */
  readonly param?: string | null;
  /** A machine-readable code, such as `unsupported_value` or `model_not_found`. */
  readonly code?: string | null;
  /** The kind of error, such as `invalid_request_error`. */
  readonly type?: string;
  readonly cause?: unknown;
}

/**
 * A refused or failed request, in the shape of OpenAI's errors: `status`, `code`, `param`, `type`, and `error` with the
 * last three and the message.
 */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly status: number;
  readonly code: string | null;
  readonly param: string | null;
  readonly type: string;

  constructor(message: string, options: RequestErrorOptions = {}) {
    const { status = 400, param = null, code = null, type = "invalid_request_error", cause } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.code = code;
    this.param = param;
    this.type = type;
  }

  /** The error as the body of an HTTP response. */
  get error(): { message: string; type: string; param: string | null; code: string | null } {
    const { message, type, param, code } = this;
    return { message, type, param, code };
  }
}

/** Throws `RequestError` for a method that is not in a table: messages may contain any name. */
export function checkMethod(table: object, name: string): void {
  if (!Object.hasOwn(table, name)) throw new RequestError(`there is no method ${shown(name)}`, { status: 404 });
}
