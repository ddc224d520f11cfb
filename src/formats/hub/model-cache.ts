/** A cached model. */
export interface CachedModel {
  /** Its name for `ModelCache.delete`. */
  readonly id: string;
  /** Its name when loaded: `owner/name`, `owner/name@revision`, or the address of a folder. */
  readonly name: string;
  /** Cached bytes. */
  readonly bytes: number;
  /** False after an unfinished download, which the next load continues. */
  readonly complete: boolean;
  /** Milliseconds since 1970. */
  readonly lastUsed: number;
}

/** Bytes that an origin or a folder uses, and its limit if known. */
export interface CacheEstimate {
  readonly used: number;
  readonly quota?: number;
}

/** Files of models cached between visits or runs. Opened by `openModelCache`. */
export interface ModelCache {
  /** Where they are stored: the private file system or the Cache API of the origin, or a folder. */
  readonly kind: "opfs" | "cache-api" | "folder";
  /** The models, most recently used first. */
  list(): Promise<readonly CachedModel[]>;
  /** Deletes a model; does nothing for one that is not cached. Throws `FormatError` while it is being downloaded. */
  delete(id: string): Promise<void>;
  /** Deletes all models. */
  deleteAll(): Promise<void>;
  estimate(): Promise<CacheEstimate>;
  /**
   * Asks the browser not to evict the files when storage runs low. False if it refuses, or does not answer within three
   * seconds: Firefox asks the visitor, who may never answer. Always true for a folder.
   */
  persist(): Promise<boolean>;
}
