/** Where a model comes from, and the hub that names refer to. */
export interface ModelRequest {
  readonly source: string | Readonly<Record<string, Blob>>;
  readonly endpoint: string;
  readonly token: string;
}

/** What a model needs, before it is downloaded. */
export interface ModelPlan {
  /** Bytes of its weights in files. */
  readonly bytes: number;
  /** Bytes of them that are kept in the browser, or are the reader's own files. */
  readonly kept: number;
  readonly license: string | undefined;
}
