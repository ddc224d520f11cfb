import { FormatError } from "../format-error.ts";
import type { FileHead, FileSource } from "../source.ts";

/** Bytes read at a time, once a file's first bytes are used up. */
const chunkBytes = 1 << 20;
/** The longest header accepted, in bytes: real ones take up to about 30 MB, nearly all of it tokens and merges. */
const longestHeader = 256 << 20;

/** Reads a file from its beginning on, in order. */
export interface Cursor {
  /** File offset of the next read. */
  readonly at: number;
  /** Bytes of the file from there on. */
  readonly left: number;
  /**
   * The next bytes, valid until the next call. Throws `FormatError` for `field` if the file ends before, or the header
   * is too long.
   */
  take(count: number, field: string): Promise<DataView> | DataView;
}

/** A cursor at the beginning of a file of `size` bytes, the first of which are read already. */
export function openCursor(source: FileSource, file: string, head: FileHead, size: number): Cursor {
  let held: Uint8Array<ArrayBuffer> = head.bytes;
  let begin = 0; // file offset of the first byte in memory
  let at = 0;

  const view = (count: number): DataView => {
    const taken = new DataView(held.buffer, held.byteOffset + at - begin, count);
    at += count;
    return taken;
  };

  async function fetched(count: number): Promise<DataView> {
    const rest = held.subarray(at - begin);
    const from = at + rest.length;
    // Bytes after the header are read again with the tensors.
    const more = await source.read(file, from, Math.min(size, from + Math.max(chunkBytes, count - rest.length)));
    if (rest.length === 0) {
      held = more;
    } else {
      held = new Uint8Array(rest.length + more.length);
      held.set(rest);
      held.set(more, rest.length);
    }
    begin = at;
    return view(count);
  }

  return {
    get at() {
      return at;
    },
    get left() {
      return size - at;
    },
    take(count, field) {
      if (count > size - at) {
        throw new FormatError(file, `needs ${count} bytes at byte ${at}, but the file has ${size}: it is truncated`, {
          field,
        });
      }
      if (at + count > longestHeader) {
        throw new FormatError(file, `ends beyond ${longestHeader} bytes, the longest header accepted`, { field });
      }
      return at + count <= begin + held.length ? view(count) : fetched(count);
    },
  };
}
