/** Where a model comes from: a path, address or name (see `openModel`), or files by their names. */
export type ModelSource = string | Readonly<Record<string, Blob>>;
