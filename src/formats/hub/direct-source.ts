import { FormatError } from "../format-error.ts";
import { absenceOf } from "../http/answer.ts";
import { openUrl } from "../http/url.ts";
import { checkRange, type FileHead, type FileSource, type ReadOptions } from "../source.ts";
import { checkWhole } from "./keep.ts";
import type { Listing } from "./listing.ts";
import { type Known, type Remote, receivedRange, receivedWhole } from "./remote.ts";
import { attempt, repeated } from "./transfer.ts";

/**
 * The files of a server, read with range requests and not cached. Failed requests and reads are repeated; facts in a
 * listing are not requested again.
 */
export function directSource(remote: Remote, folder: URL, listing: Listing | undefined): FileSource {
  const { rules } = remote;
  const names = new Map<string, string>();
  const fetch = async (url: string, init: RequestInit) => {
    const file = names.get(url) ?? url;
    const { reply } = await attempt(rules, file, url, init, init.signal ?? undefined);
    const { response } = reply;
    // A hub has every file that it lists.
    const absent = remote.hashes && response.ok ? absenceOf(response, file) : undefined;
    if (absent === undefined && (response.ok || response.status === 416 || !remote.hashes)) return response;
    reply.cancel();
    throw absent === undefined
      ? await remote.refused(file, response)
      : new FormatError(file, `${absent} at ${response.url}`);
  };
  const source = openUrl(folder, { fetch, idleTimeout: rules.idleTimeout });

  const known = new Map<string, Known>();
  const knownOf = (file: string): Known => {
    const one = known.get(file) ?? { ...listing?.files.get(file) };
    known.set(file, one);
    names.set(remote.urlOf(file), file);
    return one;
  };
  const isListed = (file: string) => listing === undefined || listing.files.has(file);
  const missing = (file: string) => new FormatError(file, `there is no such file in ${remote.name}`);

  async function size(file: string, options: ReadOptions & { readonly limit?: number } = {}): Promise<number> {
    if (!isListed(file)) throw missing(file);
    const one = knownOf(file);
    one.size ??= await repeated(rules, options.signal, () => source.size(file, options));
    return one.size;
  }

  async function read(
    file: string,
    begin: number,
    end: number,
    options: ReadOptions & { readonly once?: boolean } = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    if (!isListed(file)) throw missing(file);
    const one = knownOf(file);
    // A server without ranges sends a file whole, once.
    if (one.ranges === false)
      return await repeated(rules, options.signal, () => source.read(file, begin, end, options));
    checkRange(file, begin, end, await size(file, options));
    const bytes = await receivedRange(remote, file, one, begin, end, options.signal);
    if (bytes.length === end - begin) return bytes;
    throw new FormatError(file, `has ${begin + bytes.length} bytes, but bytes ${begin} to ${end} were asked for`);
  }

  async function readHead(file: string, count: number, { signal }: ReadOptions = {}): Promise<FileHead | undefined> {
    if (!isListed(file)) return undefined;
    const one = knownOf(file);
    const bytes = await receivedRange(remote, file, one, 0, count, signal);
    if (bytes.length < count) one.size ??= bytes.length;
    return { bytes, size: await size(file, { signal }) };
  }

  return {
    name: remote.name,
    ...(listing?.license === undefined ? {} : { license: listing.license }),
    has: async (file, options = {}) => {
      if (listing) return isListed(file);
      knownOf(file);
      return await repeated(rules, options.signal, () => source.has(file, options));
    },
    size,
    read,
    readHead,
    readWhole: async (file, limit, options = {}) => {
      if (!isListed(file)) return undefined;
      const { sha256, gitSha1 } = knownOf(file);
      const whole = await receivedWhole(remote, file, limit, options.signal);
      if (whole) await checkWhole(file, { sha256, gitSha1 }, whole.bytes);
      return whole?.bytes;
    },
  };
}
