/** The source of a model, and the hub that names refer to. */
export interface ModelRequest {
  readonly source: string | Readonly<Record<string, Blob>>;
  readonly endpoint: string;
  readonly token: string;
}

/** What a model needs, before it is downloaded. */
export interface ModelPlan {
  /** Bytes of its weights in files. */
  readonly bytes: number;
  /** How many of them are stored in the browser, or are the reader's own files. */
  readonly kept: number;
  readonly license: string | undefined;
}
