// What the reader gives in the place of a kernel's record: buffers and a grid, for any text.

/** Buffers and a grid of the reader's. */
export interface OwnBuffers {
  /** The JSON that `shaderformer study --bindings` reads. */
  readonly bindings: string;
  readonly workgroups: readonly [number, number, number];
  /** The entry point; undefined where the text has one. */
  readonly entry?: string | undefined;
}

/** The name of the kernel whose whole text is the reader's. */
export const ownKernel = "own";

/** Characters that the JSON may have: the link holds it. */
export const maxCharacters = 100_000;

/** What the reader's kernel has at the start. */
export const startBuffers: OwnBuffers = {
  bindings: `[
  { "binding": 0, "type": "f32", "values": [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5] },
  { "binding": 1, "type": "f32", "length": 10 }
]`,
  workgroups: [2, 1, 1],
};

/** Buffers and a grid from a link's text. Throws for anything else. */
export function readOwnBuffers(text: string): OwnBuffers {
  const { bindings, workgroups, entry } = JSON.parse(text) as Record<keyof OwnBuffers, unknown>;
  const isCount = (count: unknown) => typeof count === "number" && isGridSize(count);
  const isGrid = Array.isArray(workgroups) && workgroups.length === 3 && workgroups.every(isCount);
  if (typeof bindings !== "string" || bindings.length > maxCharacters || !isGrid) throw new Error("no buffers");
  if (entry !== undefined && typeof entry !== "string") throw new Error("no entry point");
  return { bindings, workgroups: workgroups as [number, number, number], entry };
}

/** Whether a grid may have so many workgroups along an axis. */
export const isGridSize = (count: number): boolean => Number.isInteger(count) && count >= 1 && count <= 65_535;
