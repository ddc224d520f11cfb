import { stagingBytes, type Uploader } from "../gpu/upload.ts";
import type { Segment } from "../tensor/segments.ts";

/** The target: a plane of a segment. */
type Target = Pick<Segment, "storage" | "begin" | "end">;

/**
 * Fills the segments of a matrix with the bytes of a plane, which arrive in order and in pieces of any size. They are
 * gathered in `memory`, so that uploads begin at whole words wherever tensors and rows end, and are as large as a staging
 * buffer.
 */
export function segmentWriter(
  uploader: Uploader,
  segments: readonly Target[],
  rowBytes: number,
  memory: (bytes: number) => Uint8Array,
) {
  const total = segments.reduce((sum, { begin, end }) => sum + (end - begin) * rowBytes, 0);
  const piece = memory(Math.min(stagingBytes, Math.ceil(total / 4) * 4));
  let filled = 0;
  let index = 0;
  /** Bytes of the segment that are uploaded already. */
  let done = 0;
  return async (bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.byteLength; ) {
      const segment = segments[index];
      if (!segment) throw new RangeError(`more than ${total} bytes for ${segments.length} segments`);
      const missing = (segment.end - segment.begin) * rowBytes - done;
      const part = bytes.subarray(at, at + Math.min(missing, piece.byteLength) - filled);
      piece.set(part, filled);
      filled += part.byteLength;
      at += part.byteLength;
      if (filled < missing && filled < piece.byteLength) continue;
      await uploader.write(segment.storage, done, piece.subarray(0, filled));
      done += filled;
      if (filled === missing) {
        index++;
        done = 0;
      }
      filled = 0;
    }
  };
}
