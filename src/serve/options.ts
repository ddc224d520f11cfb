import { checkOptions, fieldsOf, integer, listOf, text } from "../options/checks.ts";

/** How a server listens, and its limits. */
export interface ServeOptions {
  /** Address or name to listen on; default `127.0.0.1`, which only this machine reaches. */
  readonly host?: string | undefined;
  /** Default 8080; 0 takes a free one. */
  readonly port?: number | undefined;
  /** Requests that are computed at once, as the engine was opened with; default 4. */
  readonly concurrency?: number | undefined;
  /** Requests that wait for their turn; one more is refused with 429. Default 64. */
  readonly queue?: number | undefined;
  /** Seconds that a request may take, waiting and a slow reader included; default 600. */
  readonly timeLimit?: number | undefined;
  /** Bytes of a request's body; default 4 MiB. */
  readonly bodyLimit?: number | undefined;
  /** Origins of pages that may send requests, other than those of this machine; `*` for any. */
  readonly origins?: readonly string[] | undefined;
  /** Names by which clients may address the server, other than `localhost`, IP addresses and `host`. */
  readonly names?: readonly string[] | undefined;
}

const fields = fieldsOf<ServeOptions>({
  host: text,
  port: integer(0, 65535),
  concurrency: integer(1, 64),
  queue: integer(0, 65536),
  timeLimit: integer(1, 2 ** 20),
  bodyLimit: integer(1, 2 ** 30),
  origins: listOf(text),
  names: listOf(text),
});

/** Options with defaults filled in. */
export type ResolvedServeOptions = { readonly [K in keyof ServeOptions]-?: Exclude<ServeOptions[K], undefined> };

/** Checked options, with defaults. Throws an `OptionError` that names option, value and range. */
export function resolveServeOptions(options: ServeOptions): ResolvedServeOptions {
  checkOptions("serve", fields, options);
  return {
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 8080,
    concurrency: options.concurrency ?? 4,
    queue: options.queue ?? 64,
    timeLimit: options.timeLimit ?? 600,
    bodyLimit: options.bodyLimit ?? 4 << 20,
    origins: options.origins ?? [],
    names: options.names ?? [],
  };
}
