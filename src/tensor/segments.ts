import { GpuError } from "../gpu/errors.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Storage } from "../gpu/storage.ts";
import { bytesOf, checkBlocks, columnsOf, type DType, formats, isPlain, planeRowBytes } from "./formats/formats.ts";
import { formatShape, type Shape, sizeOf } from "./shape.ts";

/** Rows `begin` to `end` of axis 0, in separate storage: a tensor larger than one binding has several segments. */
export interface Segment {
  /** Its elements: the plane `data`. */
  readonly storage: Storage;
  readonly begin: number;
  readonly end: number;
  /** Its other planes, by name, for a format that has several. */
  readonly planes?: Readonly<Record<string, Storage>>;
}

/** Memory for the rows of a tensor in all planes, in as many segments as necessary, filled if `fill` is given. */
export function* allocateRows(
  gpu: Gpu,
  shape: Shape,
  dtype: DType,
  label: string,
  multiple = 1,
  fill: (plane: string, begin: number, end: number, memory: Uint8Array) => void = () => {},
): Generator<Segment> {
  checkBlocks(dtype, shape, label);
  const sizes = entryBytes(dtype, shape);
  for (const { begin, end } of segmentRows(gpu, shape, dtype, label, multiple)) {
    const memory = (plane: string) => {
      const bytes = (end - begin) * (sizes[plane] ?? 0);
      return gpu.upload(plane === "data" ? label : `${label} ${plane}`, bytes, (mapped) => {
        if (bytes > 0) fill(plane, begin, end, new Uint8Array(mapped, 0, bytes));
      });
    };
    const others = Object.keys(sizes).filter((plane) => plane !== "data");
    const storage = memory("data");
    if (others.length === 0) yield { storage, begin, end };
    else yield { storage, begin, end, planes: Object.fromEntries(others.map((plane) => [plane, memory(plane)])) };
  }
}

/** Bytes of an entry of axis 0 in each plane. */
function entryBytes(dtype: DType, shape: Shape): Record<string, number> {
  const elements = sizeOf(shape.slice(1));
  if (isPlain(dtype)) return { data: elements * formats[dtype].planes.data.bytes };
  const columns = columnsOf(shape);
  const rows = columns === 0 ? 0 : elements / columns;
  return Object.fromEntries(Object.entries(planeRowBytes(dtype, columns)).map(([name, bytes]) => [name, rows * bytes]));
}

/**
 * How the rows of a tensor are split so that each segment fits one binding and one buffer. Segments start at multiples
 * of 64 rows where possible, so that f32 results split in the same way start at multiples of 256 bytes; and always at
 * multiples of `multiple` rows, which belong together. Throws `GpuError` where `multiple` rows do not fit.
 */
export function segmentRows(
  gpu: Gpu,
  shape: Shape,
  dtype: DType,
  label: string,
  multiple = 1,
): { begin: number; end: number }[] {
  const rows = shape[0] ?? 1;
  const rowBytes = Math.max(...Object.values(entryBytes(dtype, shape)));
  const limit = Math.min(gpu.limits.binding, gpu.limits.buffer);
  if (rows * rowBytes <= limit) return [{ begin: 0, end: rows }];
  const fitting = Math.floor(limit / rowBytes);
  const aligned = 64 % multiple === 0 ? 64 : 64 * multiple;
  const step = fitting - (fitting % (fitting >= aligned ? aligned : multiple));
  if (step === 0) {
    const what = multiple === 1 ? "one row" : `${multiple} rows`;
    const take = multiple === 1 ? "takes" : "take";
    throw new GpuError(
      `${label}: ${what} of ${formatShape(shape)} ${take} ${multiple * rowBytes} bytes, more than ${limit} here`,
    );
  }
  const segments: { begin: number; end: number }[] = [];
  for (let begin = 0; begin < rows; begin += step) segments.push({ begin, end: Math.min(rows, begin + step) });
  return segments;
}

/** Bytes of a tensor in one piece. Throws `GpuError` for more than one binding here has. */
export function bytesInOneBinding(gpu: Gpu, shape: Shape, dtype: DType, label: string): number {
  const bytes = bytesOf(dtype, shape);
  const limit = Math.min(gpu.limits.binding, gpu.limits.buffer);
  if (bytes <= limit) return bytes;
  throw new GpuError(
    `${label}: ${dtype} ${formatShape(shape)} takes ${bytes} bytes, more than the ${limit} of one binding here`,
  );
}
