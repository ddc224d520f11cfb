/** A model of which files are kept. */
export interface CachedModel {
  /** Names it to `ModelCache.delete`. */
  readonly id: string;
  /** As it was loaded: `owner/name`, `owner/name@revision`, or the address of a folder. */
  readonly name: string;
  /** Bytes kept. */
  readonly bytes: number;
  /** False where a download has not ended. The next load goes on from what is there. */
  readonly complete: boolean;
  /** Milliseconds since 1970. */
  readonly lastUsed: number;
}

/** Bytes that an origin or a folder uses, and how many it may use where that is known. */
export interface CacheEstimate {
  readonly used: number;
  readonly quota?: number;
}

/** Files of models that are kept between visits or runs. Opened by `openModelCache`. */
export interface ModelCache {
  /** Where they are kept: the private file system or the Cache API of the origin, or a folder. */
  readonly kind: "opfs" | "cache-api" | "folder";
  /** The models, the one used last first. */
  list(): Promise<readonly CachedModel[]>;
  /** Deletes what is kept of a model; of one that is not there, nothing. Throws `FormatError` while it is downloaded. */
  delete(id: string): Promise<void>;
  /** Deletes what is kept of all models. */
  deleteAll(): Promise<void>;
  estimate(): Promise<CacheEstimate>;
  /**
   * Asks the browser not to delete the files by itself when storage runs low. False where it refuses, or does not answer
   * within three seconds: Firefox asks the visitor, who may never answer. A folder is always kept.
   */
  persist(): Promise<boolean>;
}
