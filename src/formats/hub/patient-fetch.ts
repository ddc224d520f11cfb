import { FormatError } from "../format-error.ts";
import type { contentRange as rangeOf } from "../http/answer.ts";
import type { Fetch, Reply } from "../http/request.ts";
import type { attempt as attemptOf, repeated as repeatedOf, TransferRules } from "./transfer.ts";

/** Functions from the file that loads this one. */
interface Parts {
  readonly attempt: typeof attemptOf;
  readonly repeated: typeof repeatedOf;
  readonly contentRange: typeof rangeOf;
}

/**
 * A `fetch` for the files of a folder that repeats failed requests and continues a body where the connection ended:
 * attempts that make progress do not count against the five.
 */
export function patientFetch(folder: URL, rules: TransferRules, { attempt, repeated, contentRange }: Parts): Fetch {
  const start = folder.pathname.replace(/\/?$/, "/").length;
  return async (url, init) => {
    const signal = init.signal ?? undefined;
    const file = decodeURIComponent(new URL(url).pathname.slice(start));
    const ask = async (range?: string): Promise<Reply> => {
      const asked = range === undefined ? init : { ...init, headers: { ...init.headers, range } };
      return (await attempt(rules, file, url, asked, signal)).reply;
    };
    const reply = await repeated(rules, signal, ask);
    const { status, ok, headers, url: from, statusText, type } = reply.response;
    const { first = 0, total } = contentRange(headers);
    const last = /-(\d+)$/.exec(new Headers(init.headers).get("range") ?? "")?.[1] ?? "";
    let open: Reply | undefined = reply;
    let at = 0;
    let skip = 0;

    /** The bytes after those that have arrived; a server that ignores ranges sends all of them again. */
    async function goOn(): Promise<Reply> {
      const next = await ask(`bytes=${first + at}-${status === 206 ? last : ""}`);
      const { response } = next;
      const now = contentRange(response.headers);
      const isRange = response.status === 206 && (now.first ?? first + at) === first + at;
      const isSame =
        (now.total ?? total) === (total ?? now.total) && response.headers.get("etag") === headers.get("etag");
      skip = isRange ? 0 : first + at;
      if (response.ok && isSame && (isRange || (response.status === 200 && status === 200))) return next;
      next.cancel();
      throw new FormatError(file, `changed on the server while it was read: ${from}`);
    }

    async function chunk(): Promise<Uint8Array<ArrayBuffer> | undefined> {
      try {
        open ??= await goOn();
        for (;;) {
          const bytes = await open.next();
          if (!bytes || bytes.length > skip) return bytes?.subarray(skip);
          skip -= bytes.length;
        }
      } catch (error) {
        open?.cancel();
        open = undefined;
        throw error;
      }
    }

    const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        async pull(controller) {
          const bytes = await repeated(rules, signal, chunk);
          skip = 0;
          at += bytes?.length ?? 0;
          if (bytes) controller.enqueue(bytes);
          else controller.close();
        },
        cancel: () => open?.cancel(),
      },
      { highWaterMark: 0 },
    );
    // A new Response would lose the address, and that the request was cross-origin.
    return { status, ok, headers, url: from, statusText, type, body } as Response;
  };
}
