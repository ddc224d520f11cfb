/** A table of the cyclic redundancy check of zip files (ISO 3309, polynomial 0xEDB88320). */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let c = byte;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function checkOf(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = (table[(c ^ byte) & 255] ?? 0) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** The fields of a header, each of so many bytes, the lowest first. */
function header(fields: readonly (readonly [bytes: 2 | 4, value: number])[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}

/** Files as a zip file, stored as they are (PKWARE's APPNOTE 6.3, sections 4.3.7 to 4.3.16): weights would hardly shrink. */
export async function zipped(files: readonly (readonly [name: string, content: Blob])[]): Promise<Blob> {
  const parts: (Blob | Uint8Array<ArrayBuffer>)[] = [];
  const central: Uint8Array<ArrayBuffer>[] = [];
  let at = 0;
  for (const [file, content] of files) {
    const name = new TextEncoder().encode(file);
    const check = checkOf(new Uint8Array(await content.arrayBuffer()));
    // Version 2.0, names in UTF-8, stored, 1980-01-01: the same run gives the same file.
    const common = [
      [2, 20],
      [2, 0x800],
      [2, 0],
      [2, 0],
      [2, 0x21],
      [4, check],
      [4, content.size],
      [4, content.size],
      [2, name.length],
      [2, 0],
    ] as const;
    const own = header([[4, 0x04034b50], ...common]);
    central.push(header([[4, 0x02014b50], [2, 20], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]]), name);
    parts.push(own, name, content);
    at += own.length + name.length + content.size;
  }
  const size = central.reduce((sum, { length }) => sum + length, 0);
  const end = header([
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, files.length],
    [2, files.length],
    [4, size],
    [4, at],
    [2, 0],
  ]);
  return new Blob([...parts, ...central, end], { type: "application/zip" });
}
