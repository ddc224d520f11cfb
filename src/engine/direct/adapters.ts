import type { FileSource } from "../../formats/source.ts";
import { checkValue, having } from "../../options/checks.ts";
import { RequestError } from "../request-error.ts";
import type { LoadedEntry, LoadRequest } from "./loaded.ts";
import type { TurnLimits } from "./turns.ts";

/** An engine's support for adapters: `adaptersForEngines`. */
export interface AdapterSupport {
  /** Loads one for a loaded model, ready for its first request. */
  load(
    base: LoadedEntry,
    source: FileSource,
    request: LoadRequest,
    limits: TurnLimits,
    given: { readonly signal: AbortSignal | undefined; readonly onWarning: (text: string) => void },
  ): Promise<Pick<LoadedEntry, "model" | "draft" | "lent" | "sessions" | "tuned">>;
}

let own: AdapterSupport | undefined;

/**
 * Lets engines of this thread load adapters (`base` of `load`): `setAdapters(adaptersForEngines)`, in the script that
 * the engine runs in, so that pages without adapters do not include the loader. `shaderformer/worker` and the command
 * `serve` do this.
 */
export function setAdapters(support: AdapterSupport): void {
  checkValue("setAdapters", "support", having("load", "adaptersForEngines"), support);
  own = support;
}

/** The adapter loader. Throws `RequestError` if it is not set. */
export function adapterSupport(): AdapterSupport {
  if (own) return own;
  throw new RequestError("load: base: setAdapters(adaptersForEngines) comes first", { status: 501, param: "base" });
}
