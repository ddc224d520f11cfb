import { FormatError } from "../format-error.ts";
import type { FileSource, ReadOptions } from "../source.ts";
import { openUrl } from "../url.ts";
import type { Listing } from "./listing.ts";
import type { Remote } from "./remote.ts";
import { attempt, repeated } from "./transfer.ts";

/**
 * The files of a server, read with range requests and not kept. Requests and reads are repeated where they fail; what a
 * listing says of a file is not asked for.
 */
export function directSource(remote: Remote, folder: URL, listing: Listing | undefined): FileSource {
  const { rules } = remote;
  const names = new Map<string, string>();
  const fetch = async (url: string, init: RequestInit) => {
    const file = names.get(url) ?? url;
    const { reply } = await attempt(rules, file, url, init, init.signal ?? undefined);
    const { status } = reply.response;
    if (remote.hashes && !reply.response.ok && status !== 416) {
      reply.cancel();
      throw remote.refused(file, reply.response);
    }
    return reply.response;
  };
  const source = openUrl(folder, { fetch, idleTimeout: rules.idleTimeout });

  /** Whether there is such a file, as far as a listing knows. */
  const isListed = (file: string) => {
    names.set(remote.urlOf(file), file);
    return listing === undefined || listing.files.has(file);
  };
  const again = <T>(file: string, { signal }: ReadOptions, read: () => Promise<T>): Promise<T> => {
    if (!isListed(file)) throw new FormatError(file, `there is no such file in ${remote.name}`);
    return repeated(rules, signal, read);
  };

  return {
    name: remote.name,
    ...(listing?.license === undefined ? {} : { license: listing.license }),
    has: async (file, options = {}) =>
      listing ? isListed(file) : again(file, options, () => source.has(file, options)),
    size: async (file, options = {}) => {
      const known = listing?.files.get(file)?.size;
      return known ?? (await again(file, options, () => source.size(file, options)));
    },
    read: async (file, begin, end, options = {}) => again(file, options, () => source.read(file, begin, end, options)),
    readWhole: async (file, limit, options = {}) =>
      isListed(file) ? again(file, options, async () => source.readWhole?.(file, limit, options)) : undefined,
    readHead: async (file, count, options = {}) =>
      isListed(file) ? again(file, options, async () => source.readHead?.(file, count, options)) : undefined,
  };
}
