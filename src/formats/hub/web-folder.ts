import { addressIn } from "../address.ts";
import { FormatError } from "../format-error.ts";
import { absenceOf, problemOf } from "../http-answer.ts";
import { described, type Remote } from "./remote.ts";
import { attempt, repeated, type TransferRules } from "./transfer.ts";

/**
 * A folder on a web server: an ETag or a date tells versions of its files apart, or samples
 * of their bytes.
 */
export function webFolder(folder: URL, rules: TransferRules): Remote {
  const remote: Remote = {
    id: `url ${folder.href}`,
    name: folder.href,
    rules,
    hashes: false,
    urlOf: (file) => addressIn(folder, file),
    look: async (file, signal, once = false) => {
      const look = async () => {
        // Servers that have no HEAD have this; from one without ranges, no more is taken than the headers.
        const init = { headers: { range: "bytes=0-0" } };
        const transferred = await attempt(rules, file, remote.urlOf(file), init, signal);
        const { response, cancel } = transferred.reply;
        cancel();
        if (absenceOf(response, file) !== undefined) return undefined;
        if (!response.ok && response.status !== 416) throw await remote.refused(file, response);
        return described(transferred, false);
      };
      return await (once ? look() : repeated(rules, signal, look));
    },
    refused: (file, response) => new FormatError(file, problemOf(response)),
  };
  return remote;
}
