import type { IncomingMessage, ServerResponse } from "node:http";
import type { RequestError } from "../engine/request-error.ts";
import { failureOf, refusal } from "./failure.ts";

/** A request with its response, while in progress. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Headers of every response to it. */
  readonly headers: Readonly<Record<string, string>>;
  /** When it came: see `performance.now`. */
  readonly began: number;
  /** Aborted when its client disconnects, its time is over or the server closes; the reason is a `RequestError`. */
  readonly signal: AbortSignal;
  /** Ends it with an error, unless it has ended. */
  end(reason: RequestError): void;
}

/**
 * Begins an exchange, which ends when its response is complete, its client disconnects, or `timeLimit` seconds are
 * over.
 */
export function openExchange(
  request: IncomingMessage,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  timeLimit: number,
): Exchange {
  const stop = new AbortController();
  const end = (reason: RequestError) => stop.abort(reason);
  const overdue = () => end(refusal(503, "time_limit", `the request took longer than ${timeLimit} s`));
  const timer = setTimeout(overdue, timeLimit * 1000);
  response.on("close", () => {
    clearTimeout(timer);
    if (!response.writableFinished) end(refusal(499, "client_left", "the client has left"));
  });
  return { request, response, headers, began: performance.now(), signal: stop.signal, end };
}

/** Answers with a JSON value. */
export function sendJson(
  { response, headers }: Exchange,
  value: unknown,
  status = 200,
  more: Readonly<Record<string, string>> = {},
): void {
  const body = Buffer.from(JSON.stringify(value));
  const type = { "content-type": "application/json; charset=utf-8", "content-length": String(body.byteLength) };
  response.writeHead(status, { ...headers, ...more, ...type });
  response.end(body);
}

/**
 * Answers with an error, in the form that the state of the response allows: a status, an event, or nothing. `names`
 * replace paths.
 */
export function sendFailure(exchange: Exchange, error: unknown, names: ReadonlyMap<string, string>): void {
  const { response, signal } = exchange;
  if (response.destroyed || response.writableEnded) return;
  const { status, headers, body } = failureOf(signal.aborted ? signal.reason : error, names);
  if (!response.headersSent) sendJson(exchange, body, status, headers);
  else if (response.writableNeedDrain)
    response.destroy(); // a slow reader gets no more
  else response.end(`data: ${JSON.stringify(body)}\n\n`);
}
