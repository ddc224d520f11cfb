import { effect } from "@preact/signals";

/** State in the fragment: `#v=1&key=value…`; long texts deflated, as base64url, under keys that end in `*`. */

const version = "1";

/** Bytes of text that a link may hold. Browsers end addresses at 2 MB, which zeros, deflated, would be 2 GB of. */
const maxBytes = 2 ** 24;

/** What comes out of a stream. Throws RangeError, before it has read all, where that is more than a link may hold. */
async function through(stream: CompressionStream | DecompressionStream, bytes: Uint8Array<ArrayBuffer>) {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value.length;
    if (length > maxBytes) {
      await reader.cancel();
      throw new RangeError(`a link's text is longer than ${maxBytes} bytes`);
    }
    parts.push(next.value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Text as deflated base64url. */
export async function pack(text: string): Promise<string> {
  const packed = await through(new CompressionStream("deflate-raw"), new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...packed))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** The inverse of `pack`. Throws for anything else. */
export async function unpack(packed: string): Promise<string> {
  const binary = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return new TextDecoder("utf-8", { fatal: true }).decode(await through(new DecompressionStream("deflate-raw"), bytes));
}

/** The keys of a fragment; another version's are left out, with `outdated` set. */
export function readFragment(fragment: string): {
  readonly keys: ReadonlyMap<string, string>;
  readonly outdated: boolean;
} {
  const keys = new Map(new URLSearchParams(fragment.replace(/^#/, "")));
  const found = keys.get("v");
  keys.delete("v");
  const outdated = found !== undefined && found !== version;
  return { keys: outdated ? new Map() : keys, outdated };
}

/** A fragment of these keys, short and readable: commas, slashes and colons stay as they are. */
export function writeFragment(keys: Iterable<readonly [string, string]>): string {
  const escaped = (text: string) =>
    encodeURIComponent(text).replaceAll("%2C", ",").replaceAll("%2F", "/").replaceAll("%3A", ":");
  return `#${[["v", version] as const, ...keys].map(([key, value]) => `${key}=${escaped(value)}`).join("&")}`;
}

export type LinkKeys = readonly (readonly [string, string])[];

/** The fragment that the page last read or wrote: while the address has another one, a reader has just given it. */
let current = "";

/** The keys of the page's address. */
export function addressKeys(): ReturnType<typeof readFragment> {
  current = location.hash;
  return readFragment(current);
}

/** The page's address with these keys, or without a fragment. */
export const addressOf = (keys: LinkKeys): string =>
  new URL(keys.length > 0 ? writeFragment(keys) : location.pathname + location.search, location.href).href;

/** Calls `read` when a reader gives the address other keys. What is typed meanwhile is read at once. */
export function followAddress(read: () => unknown): void {
  const look = () => {
    if (location.hash !== current) read();
  };
  addEventListener("hashchange", look);
  look();
}

/**
 * Keeps the address up to date with `keys`, a moment after the signals that `watch` reads have changed. An address that
 * a reader has just given stays: `followAddress` reads it.
 */
export function writeAddress(watch: () => unknown, keys: () => Promise<LinkKeys>): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let first = true;
  effect(() => {
    watch();
    clearTimeout(timer);
    if (!first) {
      timer = setTimeout(async () => {
        const address = addressOf(await keys());
        if (location.hash !== current) return;
        history.replaceState(null, "", address);
        current = location.hash;
      }, 300);
    }
    first = false; // the settings came from the address
  });
}
