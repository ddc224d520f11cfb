import { once } from "node:events";
import type { ServerResponse } from "node:http";

/** An answer of server-sent events (HTML standard, section 9.2). */
export interface EventStream {
  /** Sends a value as the data of an event, and waits while the reader is slow. `signal` ends the wait. */
  send(value: unknown, signal: AbortSignal): Promise<void>;
  /** Sends a line that readers ignore, so that proxies see the connection in use. */
  keepAlive(): void;
  /** Sends the mark that ends a stream of OpenAI's interface. */
  end(): void;
}

/** Begins an answer of events. */
export function openEvents(response: ServerResponse, headers: Readonly<Record<string, string>>): EventStream {
  response.writeHead(200, {
    ...headers,
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no", // nginx would collect the events
  });
  response.flushHeaders();
  return {
    async send(value, signal) {
      signal.throwIfAborted();
      // What is written lies in memory until the reader takes it, so the next event waits for that.
      if (!response.write(`data: ${JSON.stringify(value)}\n\n`)) await once(response, "drain", { signal });
    },
    keepAlive: () => void response.write(": waiting\n\n"),
    end: () => void response.end("data: [DONE]\n\n"),
  };
}
