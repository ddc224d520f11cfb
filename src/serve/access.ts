// Which clients and pages may use a server. A page of any site can send requests to a server on its visitor's machine:
// to its address, where the browser names the page's origin, or to a name of the site's own that is made to resolve to
// that address (DNS rebinding), where the browser takes page and server for one origin, but the Host header has the name.
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { ResolvedServeOptions } from "./options.ts";

/** The host of a URL's authority or a Host header, without its port; undefined where it is none. */
function hostOf(authority: string): string | undefined {
  if (!/^[\w.\-:[\]]+$/.test(authority)) return undefined;
  try {
    return new URL(`http://${authority}`).hostname.toLowerCase().replace(/^\[|\]$/g, "");
  } catch {
    return undefined;
  }
}

const isLoopback = (host: string) => host === "localhost" || host === "::1" || /^127(\.\d+){3}$/.test(host);

/** Why a request is no valid HTTP: which of several Host headers counts, a proxy may see otherwise (RFC 9112, section 3.2). */
export function severalHosts({ headersDistinct }: IncomingMessage): string | undefined {
  const count = headersDistinct["host"]?.length ?? 0;
  return count > 1 ? `the request has ${count} Host headers, expected one` : undefined;
}

/**
 * Why a request's Host header is refused; undefined where it names this server. An IP address cannot be rebound, so
 * those all pass.
 */
export function wrongHost(request: IncomingMessage, { host, names }: ResolvedServeOptions): string | undefined {
  const given = request.headers.host;
  if (given === undefined) return "the request has no Host header";
  const name = hostOf(given);
  if (name !== undefined && (isIP(name) > 0 || isLoopback(name))) return undefined;
  if (name !== undefined && [host, ...names].some((one) => one.toLowerCase() === name)) return undefined;
  return `the Host header is ${JSON.stringify(given.slice(0, 100))}, which is not a name of this server: start it with --allow-host if it is`;
}

/** Why a page's request is refused; undefined for requests of allowed pages, and of programs, which send no Origin. */
export function wrongOrigin(request: IncomingMessage, { origins }: ResolvedServeOptions): string | undefined {
  const { origin } = request.headers;
  if (origin === undefined || origins.includes("*") || origins.includes(origin)) return undefined;
  const host = hostOf(origin.replace(/^https?:\/\//, ""));
  if (/^https?:\/\//.test(origin) && host !== undefined && isLoopback(host)) return undefined;
  return `pages of ${JSON.stringify(origin.slice(0, 100))} may not use this server: start it with --allow-origin if they should`;
}

/** Headers that let the page which sent an allowed request read the answer. */
export function corsHeaders(request: IncomingMessage): Record<string, string> {
  const { origin } = request.headers;
  if (origin === undefined) return {};
  return { "access-control-allow-origin": origin, vary: "Origin", "access-control-expose-headers": "retry-after" };
}

/** Headers that answer a browser's question whether a request may be sent. */
export function preflightHeaders(request: IncomingMessage): Record<string, string> {
  const wanted = request.headers["access-control-request-headers"];
  return {
    ...corsHeaders(request),
    "access-control-allow-methods": "GET, POST",
    // Clients add headers of their own, which the server ignores.
    "access-control-allow-headers": typeof wanted === "string" ? wanted : "authorization, content-type",
    "access-control-max-age": "600",
    ...(request.headers["access-control-request-private-network"] === "true"
      ? { "access-control-allow-private-network": "true" }
      : {}),
  };
}
