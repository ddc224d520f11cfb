import { FormatError } from "../format-error.ts";

/** Globals of pages and their workers that Node lacks. */
interface PageGlobals {
  readonly document?: { readonly baseURI?: string };
  readonly location?: { readonly href?: string; readonly origin?: string };
}

/** The base of relative addresses, as `fetch` uses it; in a worker made from a blob, which has none, its origin. */
function pageAddress(): string | undefined {
  const { document, location } = globalThis as PageGlobals;
  const address = document?.baseURI ?? location?.href;
  return address?.startsWith("blob:") ? location?.origin : address;
}

/** Whether an address is in a browser's extension, such as `chrome-extension://…`. */
export const isExtensions = (address: string): boolean => /^[a-z-]+-extension:/.test(address);

/**
 * The absolute address of a folder on a web server or, in a page, of a browser extension; in a page, relative ones are
 * resolved.
 *
 * @throws FormatError for one of another protocol.
 */
export function addressOf(folder: string | URL): URL {
  const text = String(folder);
  const page = pageAddress();
  try {
    const url = new URL(text, page);
    // `fetch` reads an extension's files in its own pages, and elsewhere those it exposes; not in Node.
    if (/^https?:/.test(url.protocol) || (page && isExtensions(url.href))) return url;
  } catch {
    // Reported below, with the accepted protocols.
  }
  const hint = text.startsWith("blob:") ? ": a blob is one file, and openFiles makes a folder of several" : "";
  throw new FormatError(text, `is not an http or https address${hint}`);
}

/** The address of a file in a folder on a web server; the folder's query string is kept. */
export function addressIn(folder: URL, file: string): string {
  const url = new URL(folder);
  url.pathname = `${folder.pathname.replace(/\/$/, "")}/${file.split("/").map(encodeURIComponent).join("/")}`;
  return url.href;
}
