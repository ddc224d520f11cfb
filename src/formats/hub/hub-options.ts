import type { Fetch } from "../http/request.ts";
import type { LoadProgress } from "../load-progress.ts";
import type { ModelCache } from "./model-cache.ts";

/** Options of `openModel`. */
export interface HubOptions {
  /**
   * The address of the hub that names of repositories refer to; default `https://huggingface.co`, or `HF_ENDPOINT` in
   * Node.
   */
  readonly endpoint?: string | undefined;
  /**
   * Access token for private and gated repositories; default `HF_TOKEN` in Node. It is sent to the endpoint's origin
   * alone, also when that redirects elsewhere.
   */
  readonly token?: string | undefined;
  /**
   * Where files are kept; default what `openModelCache` opens for repositories, and nothing for addresses of folders.
   * `false` keeps nothing.
   */
  readonly cache?: ModelCache | false | undefined;
  /** Replaces the global `fetch`. */
  readonly fetch?: Fetch | undefined;
  /** Milliseconds without a byte after which a request is made again; default 30 000, Infinity for none. */
  readonly idleTimeout?: number | undefined;
  /** Milliseconds before a failed request is made again; each further wait is twice as long. Default 500. */
  readonly retryDelay?: number | undefined;
  /** Called with warnings for the user while a model is loaded, e.g. that it cannot be cached; default none. */
  readonly onWarning?: ((warning: string) => void) | undefined;
  /** Called as bytes are downloaded and verified, with the phases `download` and `verify`, of all files together. */
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  /** Ends the call, and later every read of the source, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}
